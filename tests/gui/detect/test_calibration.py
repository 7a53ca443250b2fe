"""The score at which a known count comes out."""

import numpy as np
import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.gui.detect.calibration import score_for_count
from napari_hemalens.records.detections import Detections
from napari_hemalens.review.boxes import ReviewedBoxes


def reviewed(scores, names):
    known = ("lymphocyte", "erythrocyte")
    boxes = [[10 * i, 0, 10 * i + 5, 5] for i in range(len(scores))]
    classes = [known.index(name) for name in names]
    return ReviewedBoxes.from_run(Detections.from_arrays(boxes, scores, classes, names=known, image_shape=(1000, 10)))


FIELDS = (
    reviewed([0.9, 0.8, 0.7, 0.2], ["lymphocyte", "erythrocyte", "lymphocyte", "lymphocyte"]),
    reviewed([0.6, 0.5], ["lymphocyte", "lymphocyte"]),
)


@pytest.mark.parametrize("count", range(6))
def test_the_score_gives_the_count_over_all_fields(count):
    score = score_for_count(FIELDS, count)
    assert sum(f.current(score).differential().nucleated for f in FIELDS) == count


def test_the_score_has_no_more_digits_than_it_needs():
    assert score_for_count(FIELDS, 2) == 0.65
    close = reviewed([0.5001, 0.5005], ["lymphocyte", "lymphocyte"])
    assert score_for_count([close], 1) == 0.5003


def test_corrected_cells_count_at_any_score_and_deleted_ones_at_none():
    edited = FIELDS[0].with_classes(np.array([3]), ["blast"]).without(np.array([0]))
    score = score_for_count([edited], 1)
    assert edited.current(score).counts().get("blast") == 1
    assert edited.current(score).differential().nucleated == 1


@pytest.mark.parametrize(
    ("fields", "count", "reason"),
    [
        (FIELDS, 6, "found 5 at the lowest score"),
        ((FIELDS[0].with_classes(np.array([0, 1]), ["blast", "blast"]),), 1, "2 were drawn or corrected"),
        ((reviewed([0.5, 0.5], ["lymphocyte", "lymphocyte"]),), 1, "several have the same score"),
        ((), 1, "found 0"),
    ],
)
def test_a_count_that_cannot_be_reached_is_refused_with_the_reason(fields, count, reason):
    with pytest.raises(RecipeError, match=reason):
        score_for_count(fields, count)
