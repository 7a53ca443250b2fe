import numpy as np
import pytest

from napari_hemalens.cells import Detections
from napari_hemalens.training.robustness import RobustnessReport, count_errors

NAMES = ("granulocyte", "lymphocyte", "erythrocyte")


def cells(*counts: int) -> Detections:
    classes = np.repeat(np.arange(3), counts)
    boxes = [[i, i, i + 5, i + 5] for i in range(len(classes))]
    return Detections.from_arrays(boxes, np.ones(len(classes)), classes, names=NAMES, image_shape=(200, 200))


def test_errors_of_a_count_are_those_of_nucleated_cells() -> None:
    """Truth 6 and 4; found 9 and 3: two too many, 3 + 1 wrong by class, 60:40 against 75:25."""
    assert count_errors(cells(9, 3, 50), cells(6, 4, 80)) == pytest.approx(
        {"nucleated": 10, "count": 0.2, "classes": 0.4, "points": 15}
    )


def test_a_right_count_has_no_error_and_an_empty_field_is_none() -> None:
    assert count_errors(cells(6, 4, 0), cells(6, 4, 9))["classes"] == 0
    assert count_errors(cells(0, 0, 0), cells(0, 0, 3))["points"] == 0


def test_a_report_is_a_table() -> None:
    line = {"disturbance": "light", "level": -0.4, "nucleated": 90.0, "AP50": 0.8, "F1": 0.7}
    report = RobustnessReport(
        weights="mine",
        sha256="0",
        data="smears",
        split="val",
        fields=2,
        seed=0,
        shape=(1920, 2560),
        pixel_size_um=0.11,
        min_score=0.5,
        lines=({**line, "count": -0.05, "classes": 0.3, "points": 2.5},),
    )
    assert "| light | -0.4 | 90 | 0.800 | 0.700 | -0.050 | 0.300 | 2.5 |" in report.text()
