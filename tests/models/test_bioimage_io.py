"""A package of the BioImage Model Zoo is run by others, and comes back as the weights that it was made of."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from bioimageio.core import load_model_description

from napari_hemalens.errors import WeightsError
from napari_hemalens.models import bioimage_io
from napari_hemalens.models.bioimage_io import unpack, write_package
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.portable import build_portable, input_shape, run_onnx, write_onnx
from napari_hemalens.models.portable_use import channel_names, directions


def test_others_run_and_understand_it_and_it_comes_back(untrained_classifier: ClassifierCard, tmp_path: Path) -> None:
    card, network = untrained_classifier, tmp_path / "a.onnx"
    crops = np.random.default_rng(0).uniform(0, 255, input_shape(card)).astype(np.float32)
    write_onnx(build_portable(card), card, crops, network)
    tensors = {"crops": crops, **run_onnx(network, crops)}
    write_package(card, network, tensors, tmp_path / "a.zip")  # bioimageio.core runs it before it appears
    with bioimage_io._closing_files():
        said = load_model_description(tmp_path / "a.zip", format_version="latest")
        assert (said.name, [str(output.id) for output in said.outputs]) == (card.name, ["probabilities"])
        assert said.outputs[0].axes[1].channel_names == list(card.classes)
        assert said.inputs[0].axes[1].channel_names == list(channel_names(card))
        del said
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        document = opened.read("README.md").decode()
    assert card.terms in document
    assert "not a diagnostic device" in document
    assert all(paragraph in document for paragraph in directions(card))

    (tmp_path / "back").mkdir()
    unpack(tmp_path / "a.zip", tmp_path / "back")
    assert (tmp_path / "back" / card.file.name).read_bytes() == card.file.read_bytes()

    wrong = tensors | {"probabilities": 1 - tensors["probabilities"]}
    with pytest.raises(WeightsError, match="did not pass its test"):
        write_package(card, network, wrong, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_packages_of_others_are_refused_with_a_reason(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as opened:
        opened.writestr("rdf.yaml", "type: model")
    with pytest.raises(WeightsError, match="holds no weights of HemaLens"):
        unpack(tmp_path / "other.zip", tmp_path)
    (tmp_path / "no.zip").write_bytes(b"PK no zip")
    with pytest.raises(WeightsError, match="cannot be unpacked"):
        unpack(tmp_path / "no.zip", tmp_path)


def test_a_damaged_package_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.safetensors", b"tensors" * 1000)
        opened.writestr("a.json", "{}")
    packed = bytearray((tmp_path / "a.zip").read_bytes())
    packed[45:60] = bytes(15)  # inside of what was deflated
    (tmp_path / "a.zip").write_bytes(packed)
    with pytest.raises(WeightsError, match="cannot be unpacked"):
        unpack(tmp_path / "a.zip", tmp_path)


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bioimage_io, "_MOST_BYTES", 10)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("a.safetensors", b"0" * 11)
        opened.writestr("../a.json", "{}")
    with pytest.raises(WeightsError, match="unpacks to 11 bytes"):
        unpack(tmp_path / "a.zip", tmp_path)
    assert not (tmp_path.parent / "a.json").exists()
