from collections import Counter
from pathlib import Path

import pytest

from napari_hemalens import workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import read_annotations
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard, DetectorCard
from napari_hemalens.progress import finish


def test_the_least_score_is_the_one_that_suits_the_images(two_fields: Path, tmp_path: Path) -> None:
    packed = weights.detector_card(DetectionRecipe().weights)
    tune = workflows.tune_detection_steps(two_fields, DetectionRecipe(pixel_size_um=0.15), tmp_path, name="ours")
    assert finish(tune) == weights.detector_card(tmp_path / "ours.json")
    tuned = weights.detector_card(tmp_path / "ours.json")
    assert (tuned.name, tuned.sha256, tuned.classes) == ("ours", packed.sha256, packed.classes)
    assert (tuned.metrics["images"], tuned.metrics["of"]) == (2, f"{two_fields.name}, val")
    assert tuned.metrics["AP50"] > 0.8  # the renderer's cells are easy for these weights
    assert 0.6 < tuned.metrics["counted AP50"] <= tuned.metrics["AP50"]

    def f1(least: float) -> float:
        recipe = DetectionRecipe(weights=str(tuned.file), pixel_size_um=0.15, score_threshold=least)
        of_class = finish(workflows.evaluate_detection_steps(two_fields, recipe)).classes.values()
        known = [row["F1"] for row in of_class if row["cells"]]
        return sum(known) / len(known)

    best = f1(tuned.score_threshold)
    assert best > f1(0.05)
    assert best >= f1(0.9) - 0.001


def test_weights_tuned_where_they_lie_keep_their_file(untrained: DetectorCard, two_fields: Path) -> None:
    before = untrained.file.read_bytes()
    recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15)
    card = finish(workflows.tune_detection_steps(two_fields, recipe, untrained.folder, name=untrained.name))
    assert untrained.file.read_bytes() == before
    assert weights.detector_card(untrained.file) == card
    assert card.metrics["images"] == 2


def test_weights_tuned_with_a_classifier_name_it(
    untrained: DetectorCard, nucleated: ClassifierCard, two_fields: Path, tmp_path: Path
) -> None:
    recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15, naming=str(nucleated.file))
    card = finish(workflows.tune_detection_steps(two_fields, recipe, tmp_path / "out", name="ours"))
    assert (card.naming, untrained.naming) == (str(nucleated.file), None)
    assert card.metrics.keys() >= {"AP50", "counted AP50"}


def test_weights_are_tuned_on_images_with_the_usual_names_of_blood(
    untrained: DetectorCard, two_fields: Path, tmp_path: Path
) -> None:
    other = _with_own_names(two_fields, tmp_path / "data", *untrained.classes)
    annotations = (other / "val.json").read_text(encoding="utf-8")
    for name in untrained.classes:
        usual = {"erythrocyte": "RBC", "platelet": "Platelets"}.get(name, "WBC")
        annotations = annotations.replace(f'"name": "my {name}"', f'"name": "{usual}"')
    (other / "val.json").write_text(annotations, encoding="utf-8")
    recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15)
    card = finish(workflows.tune_detection_steps(other, recipe, tmp_path / "out", name="ours"))
    assert {"WBC", "RBC"} <= card.metrics["AP50 by class"].keys()
    assert "left out" not in card.metrics


def _with_own_names(fields: Path, out: Path, *classes: str) -> Path:
    """Return annotated images in which some classes are called otherwise than the weights call them."""
    out.mkdir()
    (out / "images").symlink_to(fields / "images")
    annotations = (fields / "val.json").read_text(encoding="utf-8")
    for name in classes:
        annotations = annotations.replace(f'"name": "{name}"', f'"name": "my {name}"')
    (out / "val.json").write_text(annotations, encoding="utf-8")
    return out


def test_images_without_a_class_that_the_weights_know_are_refused(
    untrained: DetectorCard, two_fields: Path, tmp_path: Path
) -> None:
    other = _with_own_names(two_fields, tmp_path / "data", *untrained.classes)
    recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15)
    with pytest.raises(AnnotationError, match="annotated by a class that untrained knows: lymphocyte, erythrocyte"):
        finish(workflows.tune_detection_steps(other, recipe, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_card_says_which_annotated_cells_it_was_not_tuned_on(
    untrained: DetectorCard, two_fields: Path, tmp_path: Path
) -> None:
    numbers = sum((Counter(field.counts()) for field in read_annotations(two_fields, split="val")), Counter[str]())
    other = _with_own_names(two_fields, tmp_path / "data", "lymphocyte")
    recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15)
    card = finish(workflows.tune_detection_steps(other, recipe, tmp_path / "out"))
    without = {name: number for name, number in numbers.items() if number and name not in untrained.classes}
    assert card.metrics["left out"] == {**without, "my lymphocyte": numbers["lymphocyte"]}
