"""Installed weights serve everywhere by their name, and results say what their licence forbids."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import RecipeError, WeightsError
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard, DetectorCard, ModelCard
from napari_hemalens.progress import finish

NC = "CC BY-NC-SA 4.0"


def licensed(card: ModelCard, **values: object) -> Path:
    """Give a model card a licence that forbids commercial use."""
    file = card.file.with_suffix(".json")
    said = json.loads(file.read_text(encoding="utf-8")) | {"licence": NC} | values
    file.write_text(json.dumps(said), encoding="utf-8")
    return file


def test_run_json_says_the_licence_of_installed_weights(
    untrained: DetectorCard, two_fields: Path, tmp_path: Path
) -> None:
    finish(workflows.add_weights_steps(licensed(untrained)))
    recipe = DetectionRecipe(weights="untrained", pixel_size_um=0.15, device="cpu")
    image = next((two_fields / "images").iterdir())
    finish(workflows.detect_files_steps([image], recipe, tmp_path / "out"))
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["weights"] == {"untrained": untrained.sha256}
    assert run["licences"] == {"untrained": f"non-commercial use only: {NC}"}


def test_cells_are_named_by_installed_weights(untrained_classifier: ClassifierCard) -> None:
    finish(workflows.add_weights_steps(licensed(untrained_classifier)))
    labels = np.zeros((60, 60), np.int32)
    labels[20:40, 20:40] = 1
    named = workflows.classify(labels.astype(np.uint16), labels, task="micronucleus", weights="untrained-classifier")
    assert named.provenance.licences == {"untrained-classifier": f"non-commercial use only: {NC}"}


def test_weights_that_others_need_are_removed_after_those(untrained: DetectorCard) -> None:
    finish(workflows.add_weights_steps(untrained.file))
    finish(workflows.add_weights_steps(untrained.file, replace=True))
    other = untrained.model_copy(update={"name": "other", "base": "untrained", "base_sha256": untrained.sha256})
    (untrained.folder / "other.json").write_text(other.model_dump_json(), encoding="utf-8")
    (untrained.folder / "other.safetensors").write_bytes(untrained.file.read_bytes())
    finish(workflows.add_weights_steps(untrained.folder / "other.json"))
    with pytest.raises(WeightsError, match="The installed weights other need untrained; remove other first"):
        workflows.remove_weights("untrained")
    for name in ("other", "untrained"):
        assert [file.exists() for file in workflows.remove_weights(name)] == [False, False]
    assert weights.installed() == ()
    with pytest.raises(WeightsError, match="No weights 'untrained'"):
        weights.detector_card("untrained")


def test_weights_are_installed_from_an_exported_package(untrained_classifier: ClassifierCard, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as package:
        for file in (untrained_classifier.file, untrained_classifier.file.with_suffix(".json")):
            package.write(file, file.name)
    card = finish(workflows.add_weights_steps(tmp_path / "a.zip"))
    assert (card.name, card.origin, card.sha256) == ("untrained-classifier", "installed", untrained_classifier.sha256)
    assert not list(card.folder.glob("**/package"))


def test_weights_are_exported_to_a_folder_that_is_not_there_yet(
    untrained_classifier: ClassifierCard, tmp_path: Path
) -> None:
    file = finish(workflows.export_weights_steps(untrained_classifier.file, tmp_path / "out" / "a.onnx"))
    assert [each.name for each in file.parent.iterdir()] == ["a.onnx"]


def test_a_suffix_that_means_nothing_is_refused_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"exported as \.onnx \(ONNX\), \.zip .*; got 'a\.pt'"):
        finish(workflows.export_weights_steps("all-eca", tmp_path / "a.pt"))


def test_where_nothing_can_be_written_is_said_before_the_network_is_loaded(
    untrained_classifier: ClassifierCard, tmp_path: Path
) -> None:
    (tmp_path / "a.onnx").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match=r"exported to a file; .*a\.onnx is a folder"):
        next(workflows.export_weights_steps(untrained_classifier.file, tmp_path / "a.onnx"))
    with pytest.raises(RecipeError, match=r"Cannot write results to .*file: it is a file; choose a folder"):
        next(workflows.export_weights_steps(untrained_classifier.file, tmp_path / "file" / "a.onnx"))
    steps = workflows.export_weights_steps(untrained_classifier.file, tmp_path / "A.ONNX")
    assert finish(steps).stat().st_size > 1000  # in capitals, too


def test_weights_of_a_laboratorys_list_are_added_by_their_name(
    untrained: DetectorCard, installed_weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "list.json"
    (entry,) = workflows.write_catalogue([licensed(untrained)], file)
    assert (entry.where, entry.sha256) == (("untrained.json",), untrained.sha256)
    monkeypatch.setenv("HEMALENS_CATALOGUE", str(file))
    (found,) = finish(workflows.available_weights_steps())
    assert found.where == (str(tmp_path / "untrained.json"),)
    with pytest.raises(WeightsError, match=r"`hemalens weights add untrained` fetches them \(.* MB; licence: non-comm"):
        weights.detector_card("untrained")
    card = finish(workflows.add_weights_steps(finish(workflows.look_up_weights_steps("untrained"))))
    assert (card.origin, card.licence) == ("installed", NC)
    assert finish(workflows.available_weights_steps()) == ()
    with pytest.raises(WeightsError, match="untrained are installed already"):
        finish(workflows.look_up_weights_steps("untrained"))


def test_a_catalogue_names_folders_on_servers_and_records(untrained: DetectorCard, tmp_path: Path) -> None:
    places = ("https://example.org/weights/", "10.5281/zenodo.7")
    (entry,) = workflows.write_catalogue([untrained.file], tmp_path / "a.json", where=places, since="0.2.0")
    assert entry.where == ("https://example.org/weights/untrained.json", "10.5281/zenodo.7")
    assert entry.since == "0.2.0"
    untrained.file.write_bytes(b"other")
    with pytest.raises(WeightsError, match="is damaged or was exchanged"):
        workflows.write_catalogue([untrained.file], tmp_path / "b.json")
