import csv
import json
from pathlib import Path

import pytest

from napari_hemalens import workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.evaluation.detection import (
    DetectionReport,
    count_once,
    map_to_taxonomy,
    measure_precision,
    shared_taxonomy,
)
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import taxonomy

NAMES = ("band_neutrophil", "segmented_neutrophil", "erythrocyte")


def cells(*rows: tuple[list[float], float, int]) -> Detections:
    """Cells as box, score, class."""
    boxes, scores, classes = zip(*rows, strict=True)
    return Detections.from_arrays(list(boxes), list(scores), list(classes), names=NAMES, image_shape=(200, 200))


CELL, RED = [10, 10, 50, 50], [100, 100, 140, 140]


def test_a_cell_under_two_classes_that_are_one_elsewhere_is_measured_once() -> None:
    found = cells((CELL, 0.6, 0), ([11, 10, 50, 51], 0.9, 1), ([12, 11, 50, 50], 0.3, 2))
    mapped = map_to_taxonomy(found, taxonomy("blood-3"))
    assert mapped.class_names.tolist() == ["WBC", "RBC"]
    assert mapped.scores.tolist() == pytest.approx([1, 0.3])  # 0.6 + 0.9, at most 1


def test_a_second_hypothesis_is_right_among_all_and_wrong_when_counted() -> None:
    found, truth = [cells((CELL, 0.6, 1), (CELL, 0.4, 0), (RED, 0.9, 2))], [cells((CELL, 1, 0), (RED, 1, 2))]
    precision = measure_precision(found, count_once(found), truth, threshold=0.5)
    assert precision.overall["AP50"] == pytest.approx(1)
    assert precision.counted["AP50"] == pytest.approx(0.5)
    assert precision.classes["band_neutrophil"] == {"AP": 1, "AP50": 1, "counted AP": 0, "counted AP50": 0}
    assert precision.classes["erythrocyte"]["counted AP50"] == pytest.approx(1)


def test_what_lies_below_the_threshold_is_not_counted() -> None:
    found, truth = [cells((CELL, 0.4, 0), (RED, 0.9, 2))], [cells((CELL, 1, 0), (RED, 1, 2))]
    for threshold, counted in ((0.3, 1), (0.5, 0.5), (0.95, 0)):
        precision = measure_precision(found, count_once(found), truth, threshold=threshold)
        assert precision.overall["AP50"] == pytest.approx(1)
        assert precision.counted["AP50"] == pytest.approx(counted)


def test_the_report_says_which_average_precision_is_which(tmp_path: Path) -> None:
    row = {"cells": 3, "AP": 0.75, "AP50": 0.875, "counted AP": 0.5, "counted AP50": 0.625, "F1": float("nan")}
    report = DetectionReport(
        weights="mine",
        sha256="0",
        data="set",
        split="val",
        images=2,
        pixel_size_um=None,
        score_threshold=0.5,
        overall={"AP": 0.75, "AP50": 0.875},
        counted={"AP": 0.5, "AP50": 0.625},
        classes={"monocyte": row},
        left_out={"WBC": 2},
    )
    lines = report.text().splitlines()
    assert lines[1].split() == ["all", "hypotheses", "AP", "0.750", "AP50", "0.875"]
    assert lines[2].startswith("counted, one class a cell  AP 0.500  AP50 0.625")
    assert lines[5].split() == ["monocyte", "3", "0.750", "0.875", "0.500", "0.625", "-", "-", "-", "-"]
    assert len(lines[4]) == len(lines[5])
    assert lines[7] == (
        "Not compared are annotated cells of classes that stand in no row: 2 WBC; --taxonomy blood-3 compares by "
        "classes that they have."
    )

    report.write(tmp_path)
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (written["overall"]["AP50"], written["counted"]["AP50"]) == (0.875, 0.625)
    assert written["classes"]["monocyte"]["F1"] is None
    with (tmp_path / "classes.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["counted AP50"] == "0.625"


def test_a_classifier_changes_names_and_leaves_red_cells_as_they_were(
    two_fields: Path, nucleated: ClassifierCard
) -> None:
    recipe = DetectionRecipe(pixel_size_um=0.15, naming="none", device="cpu")
    plain = finish(workflows.evaluate_detection_steps(two_fields, recipe))
    by_chance = recipe.model_copy(update={"naming": str(nucleated.file)})  # untrained
    named = finish(workflows.evaluate_detection_steps(two_fields, by_chance))
    for name in ("erythrocyte", "platelet"):
        assert named.classes[name] == pytest.approx(plain.classes[name], nan_ok=True)
    assert plain.counted["AP50"] > 0.6
    assert named.counted["AP50"] < plain.counted["AP50"]
    assert named.overall["AP50"] < plain.overall["AP50"]
    assert {"lymphocyte", "erythrocyte"} <= set(named.classes)


@pytest.mark.parametrize(
    ("annotated", "classes"),
    [
        (("lymphocyte", "erythrocyte"), ("lymphocyte", "erythrocyte")),
        (("lymphocyte", "RBC"), ("lymphocyte", "erythrocyte")),
        (("WBC", "RBC"), ("WBC", "RBC")),
        (("WBC", "RBC", "blast"), ("WBC", "RBC")),
        (("leukocyte", "RBC"), ("WBC", "RBC")),
        (("WBC", "my cell"), ("lymphocyte", "erythrocyte")),
        (("lymphocyte", "lymphocyte", "WBC", "RBC"), ("lymphocyte", "erythrocyte")),
        (("promyelocyte", "metamyelocyte", "lymphocyte"), ("lymphocyte", "erythrocyte")),
    ],
)
def test_cells_are_compared_by_classes_that_weights_and_images_share(
    annotated: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    boxes = [(0, 0, 9, 9)] * len(annotated)
    truth = Detections.from_arrays(
        boxes, [1.0] * len(boxes), range(len(boxes)), names=annotated, image_shape=(20, 20), recognised=annotated
    )
    by = shared_taxonomy([truth], ("lymphocyte", "erythrocyte"))
    assert by.recognised_by(("lymphocyte", "erythrocyte")) == classes
