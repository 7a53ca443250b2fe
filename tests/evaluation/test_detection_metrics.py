import math

import numpy as np
import pytest

from napari_hemalens.evaluation.detection_metrics import Sweep, box_iou, coco_measures, count_measures, hits, sweep
from napari_hemalens.records.detections import Detections

NAMES = ("lymphocyte", "erythrocyte", "platelet")


def cells(*rows: tuple[float, float, float, float, int, float]) -> Detections:
    """Cells as y0, x0, y1, x1, class, score."""
    table = np.array(rows, dtype=float).reshape(-1, 6)
    return Detections.from_arrays(
        table[:, :4], table[:, 5], table[:, 4].astype(int), names=NAMES, image_shape=(200, 200)
    )


TRUTH = [cells((0, 0, 40, 40, 0, 1), (50, 50, 90, 90, 1, 1), (50, 100, 90, 140, 1, 1))]


def test_perfect_detections_have_an_average_precision_of_one() -> None:
    overall, classes = coco_measures(TRUTH, TRUTH)
    assert overall["AP"] == overall["AP50"] == overall["AP75"] == overall["AR"] == pytest.approx(1)
    assert classes == {name: {"AP": 1.0, "AP50": 1.0} for name in ("lymphocyte", "erythrocyte")}


def test_average_precision_falls_with_cells_missed_and_classes_confused() -> None:
    found = [cells((0, 0, 40, 40, 1, 0.9), (50, 50, 90, 90, 1, 0.8))]
    overall, classes = coco_measures(found, TRUTH)
    # Red cells: the best is wrong, then one of two is found: precision 0.5 up to a recall of 0.5.
    assert classes["erythrocyte"]["AP50"] == pytest.approx(0.5 * 51 / 101, abs=1e-3)
    assert classes["lymphocyte"]["AP50"] == 0
    assert overall["AP50"] == pytest.approx(0.5 * 51 / 101 / 2, abs=1e-3)


def test_a_box_off_by_a_quarter_counts_at_iou_050_and_not_at_075() -> None:
    found = [cells((10, 0, 50, 40, 0, 0.9), (50, 50, 90, 90, 1, 0.8), (50, 100, 90, 140, 1, 0.7))]
    overall, classes = coco_measures(found, TRUTH)
    assert classes["lymphocyte"]["AP50"] == 1
    assert overall["AP75"] == pytest.approx(0.5)


def test_overlap_is_shared_area_over_joint_area() -> None:
    a, b = cells((0, 0, 10, 10, 0, 1)).boxes, cells((0, 5, 10, 15, 0, 1), (20, 20, 30, 30, 0, 0.5)).boxes
    np.testing.assert_allclose(box_iou(a, b), [[50 / 150, 0]], rtol=1e-6)


def test_a_cell_is_found_once_by_the_best_of_its_class() -> None:
    found = cells((0, 0, 40, 40, 0, 0.9), (1, 0, 40, 40, 0, 0.8), (50, 50, 90, 90, 0, 0.7), (50, 100, 90, 139, 1, 0.6))
    assert hits(found, TRUTH[0]).tolist() == [True, False, False, True]


def test_the_best_threshold_is_the_one_of_the_highest_mean_f1() -> None:
    found = [
        cells(
            (0, 0, 40, 40, 0, 0.9), (50, 50, 90, 90, 1, 0.8), (50, 100, 90, 140, 1, 0.7), (150, 150, 190, 190, 1, 0.4)
        )
    ]
    swept = sweep(found, TRUTH)
    assert 0.4 < swept.best <= 0.7
    at = dict(zip(swept.thresholds.round(3).tolist(), swept.f1.tolist(), strict=True))
    assert at[0.3][:2] == pytest.approx([1, 2 * 2 / (3 + 2)])
    assert at[0.75][:2] == pytest.approx([1, 2 * 1 / (1 + 2)])
    assert math.isnan(at[0.3][2])


def test_of_thresholds_that_are_as_good_the_lowest_is_best() -> None:
    thresholds = np.array([0.2, 0.3, 0.4, 0.5])
    nearly = np.array([[0.85], [0.8995], [0.9], [0.8]])
    assert Sweep(thresholds, nearly).best == 0.3
    assert Sweep(thresholds, np.hstack([nearly, np.full((4, 1), np.nan)])).best == 0.3


def test_counts_are_compared_image_by_image() -> None:
    truth = [TRUTH[0], cells((0, 0, 9, 9, 1, 1))]
    found = [cells((0, 0, 9, 9, 1, 1)), cells((0, 0, 9, 9, 1, 1), (20, 20, 30, 30, 1, 1), (40, 40, 50, 50, 1, 1))]
    red = count_measures(found, truth)["erythrocyte"]
    assert red == {"cells": 3, "bias": pytest.approx((1 - 2 + 3 - 1) / 2), "MAE": 1.5, "correlation": pytest.approx(-1)}
    assert "platelet" not in count_measures(found, truth)
