"""`hemalens explain`, as a person types it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_hemalens.models.cards import ClassifierCard

ASSAY = Path(__file__).parents[2] / "sample_data" / "micronucleus_assay"


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    """Two images of two nuclei, and their labels."""
    y, x = np.ogrid[:120, :160]
    labels = np.zeros((120, 160), dtype=np.uint16)
    for number, (cy, cx, radius) in enumerate(((60, 40, 12), (60, 90, 12)), start=1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = number
    image = (np.random.default_rng(0).normal(900, 20, labels.shape) + 5000 * (labels > 0)).astype(np.uint16)
    for folder, values in (("images", image), ("nuclei", labels)):
        (tmp_path / folder).mkdir()
        for name in ("a.tif", "b.tif"):
            tifffile.imwrite(tmp_path / folder / name, values)
    return tmp_path


def explain(hemalens: Callable[..., int], card: ClassifierCard, fields: Path, *options: str | Path) -> int:
    where = (fields / "images", "--labels", fields / "nuclei", "--out", fields / "out")
    return hemalens("explain", *where, "--weights", card.file, "--device", "cpu", *options)


def test_a_folder_and_its_labels_become_heat(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fields: Path,
    untrained_classifier: ClassifierCard,
) -> None:
    options = ("--method", "grad-cam-middle", "--method", "saliency", "--target", "none", "--smoothing", "1.5")
    assert explain(hemalens, untrained_classifier, fields, *options) == 0
    assert "4 cells explained by grad-cam-middle, saliency" in capsys.readouterr().out
    heatmap = tifffile.imread(fields / "out" / "b.saliency.tif")
    assert (heatmap.shape, heatmap.dtype) == ((120, 160), np.float32)
    assert heatmap.max() > 0


def test_whole_images_that_are_explained_are_said_to_be_fields(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    all_fields: Path,
    untrained_of_fields: ClassifierCard,
    tmp_path: Path,
) -> None:
    options = ("--method", "grad-cam", "--task", "field", "--weights", untrained_of_fields.file, "--device", "cpu")
    images = all_fields / "all_fields" / "pre"
    assert hemalens("explain", images / "00.jpg", images / "01.jpg", "--out", tmp_path / "out", *options) == 0
    assert "2 fields explained by grad-cam" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["recipe"]["segmentation"] is None


def test_the_channel_is_chosen_by_name_or_the_channels_are_listed(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fields: Path,
    untrained_classifier: ClassifierCard,
) -> None:
    for file in (fields / "images").iterdir():
        grey = tifffile.imread(file)
        named = {"axes": "CYX", "Channel": {"Name": ["PI", "FITC"]}}
        tifffile.imwrite(file, np.stack([grey, grey[::-1]]), ome=True, photometric="minisblack", metadata=named)
    assert explain(hemalens, untrained_classifier, fields, "--channel", "pi") == 0
    assert not capsys.readouterr().err.count("not done")
    assert explain(hemalens, untrained_classifier, fields, "--replace") == 1
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("choose one as channel (--channel), by its name or number: 0 PI, 1 FITC.") == 2


def test_an_unreadable_image_is_named_and_the_exit_code_is_one(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fields: Path,
    untrained_classifier: ClassifierCard,
) -> None:
    (fields / "images" / "b.tif").write_bytes(b"no image")
    assert explain(hemalens, untrained_classifier, fields) == 1
    said = capsys.readouterr()
    assert "b.tif" in said.err
    assert "2 cells explained by grad-cam-middle" in said.out
    assert (fields / "out" / "a.grad-cam-middle.png").is_file()
    assert not (fields / "out" / "b.grad-cam-middle.tif").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--method", "layer-5"), "No heatmap 'layer-5' of resnet18. Known: grad-cam, "),
        (("--target", "blast"), "No class 'blast' of the weights untrained-classifier. Known: predicted, micronucleus"),
        (("--task", "leukocyte"), "answer the task micronucleus; the task is leukocyte"),
        (("--smoothing", "99"), "Option 'smoothing' got 99.0"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence_and_exit_code_two(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fields: Path,
    untrained_classifier: ClassifierCard,
    options: tuple[str, ...],
    message: str,
) -> None:
    assert explain(hemalens, untrained_classifier, fields, *options) == 2
    said = capsys.readouterr().err
    assert message in " ".join(said.split())
    assert "Traceback" not in said
    assert not (fields / "out").exists()


@pytest.mark.slow
def test_the_sample_is_explained_by_packed_weights_without_labels(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    image = ASSAY / "images" / "fluorescence.tif"
    assert hemalens("explain", image, "--out", tmp_path, "--device", "cpu", "--method", "layer-6") == 0
    assert "cells explained by layer-6" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {
        *("fluorescence.layer-6.tif", "fluorescence.layer-6.png", "fluorescence.labels.tif", "run.json", "records")
    }
    assert tifffile.imread(tmp_path / "fluorescence.layer-6.tif").shape == tifffile.imread(image).shape[:2]
