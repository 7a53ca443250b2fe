"""What a person changed, beside what the network had said."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.records.corrections import KINDS, Corrections
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import BLOOD_3

NAMES = ("debris", "lymphocyte", "platelet", "blast")


def corrections():
    return Corrections(
        kinds=np.array(["", "class", "drawn"]),
        predicted_classes=np.array([1, 2, -1]),
        predicted_scores=np.array([0.4, 0.7, np.nan], dtype=np.float32),
        removed_boxes=np.array([[0, 0, 5, 5], [1, 1, 4, 4]], dtype=np.float32),
        removed_classes=np.array([0, 3]),
        removed_scores=np.array([0.9, 0.3], dtype=np.float32),
    )


def detections():
    boxes = [[0, 0, 9, 9], [0, 0, 8, 8], [0, 0, 7, 7]]
    return Detections.from_arrays(
        boxes, [0.4, 1, 1], [1, 3, 2], names=NAMES, image_shape=(20, 20), recognised=NAMES, corrections=corrections()
    )


def test_corrections_are_sorted_with_their_cells():
    cells = detections()
    assert cells.correction_kinds.tolist() == ["class", "drawn", ""]
    assert cells.predicted_class_names.tolist() == ["platelet", "", "lymphocyte"]
    np.testing.assert_allclose(cells.predicted_scores, [0.7, np.nan, 0.4])


def test_a_cell_that_is_dropped_takes_its_correction_along():
    boxes = [[0, 0, 9, 9], [0, 0, 0, 0], [0, 0, 7, 7]]
    cells = Detections.from_arrays(
        boxes, [1, 1, 1], [1, 1, 1], names=NAMES, image_shape=(20, 20), corrections=corrections()
    )
    assert cells.correction_kinds.tolist() == ["", "drawn"]


def test_each_cell_needs_a_correction_where_there_are_any():
    with pytest.raises(ImageError, match="3 corrections do not fit 1 cell"):
        Detections.from_arrays([[0, 0, 1, 1]], [1], [0], names=NAMES, image_shape=(9, 9), corrections=corrections())


def test_cells_without_corrections_are_as_the_network_said():
    cells = replace(detections(), corrections=None)
    assert cells.correction_kinds.tolist() == ["", "", ""]
    assert cells.predicted_class_names.tolist() == cells.class_names.tolist()
    assert cells.predicted_scores.tolist() == cells.scores.tolist()


def test_taking_cells_takes_their_corrections_and_keeps_the_removed():
    some = detections().take(np.array([2, 0]))
    assert some.correction_kinds.tolist() == ["", "class"]
    assert some.corrections.removed_scores.tolist() == pytest.approx([0.9, 0.3])


def test_removed_cells_obey_a_score_threshold_like_the_others():
    some = detections().above(0.5)
    assert some.correction_kinds.tolist() == ["class", "drawn"]
    assert some.corrections.removed_scores.tolist() == pytest.approx([0.9])
    assert some.corrections.removed_boxes.tolist() == [[0, 0, 5, 5]]


def test_corrections_follow_another_taxonomy():
    mapped = detections().to_taxonomy(BLOOD_3)
    assert mapped.class_names.tolist() == ["WBC", "Platelets", "WBC"]
    assert mapped.predicted_class_names.tolist() == ["Platelets", "", "WBC"]
    assert mapped.corrections.removed_cells(mapped.names) == [{"box": [1, 1, 4, 4], "class": "WBC", "score": 0.3}]


def test_of_corrections_without_observers_nobody_is_known():
    assert corrections().observers.tolist() == ["", "", ""]
    assert corrections().removed_observers.tolist() == ["", ""]
    assert corrections().observer_counts() == {}


def test_observers_stay_with_their_cells_and_are_counted():
    who = replace(
        corrections(), observers=np.array(["", "Ann", "Ben"]), removed_observers=np.array(["Ann", ""], dtype=np.str_)
    )
    assert who.take(np.array([2, 1])).observers.tolist() == ["Ben", "Ann"]
    kept = who.take_removed(who.removed_scores > 0.5)
    assert kept.observer_counts() == {"Ann": 2, "Ben": 1}
    assert kept.removed_cells(NAMES)[0]["observer"] == "Ann"


def test_counts_name_each_way_that_was_used():
    assert corrections().counts() == {"class": 1, "drawn": 1, "removed": 2}
    assert corrections().corrected.tolist() == [False, True, True]
    assert "removed" not in KINDS
