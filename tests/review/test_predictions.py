"""What the network said stays beside every correction."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.records.corrections import NOT_PREDICTED, Corrections
from napari_hemalens.records.detections import Detections
from napari_hemalens.review.predictions import Predictions

BOXES = np.array([[0, 0, 10, 10], [0, 20, 10, 30]], dtype=np.float32)


@pytest.fixture
def found():
    names = ("myelocyte", "lymphocyte")
    return Detections.from_arrays(BOXES, [0.9, 0.6], [0, 1], names=names, image_shape=(100, 100))


def test_a_run_predicts_its_own_boxes_classes_and_scores(found):
    predicted = Predictions.from_run(found)
    assert predicted.boxes.tolist() == BOXES.tolist()
    assert predicted.classes.tolist() == [0, 1]
    assert predicted.scores.tolist() == pytest.approx([0.9, 0.6])


def test_a_corrected_file_keeps_the_predictions_but_not_where_a_box_was(found):
    kinds = np.array(["class", "box"])
    said = Corrections(kinds, np.array([1, 1]), np.array([0.5, 0.6], dtype=np.float32))
    predicted = Predictions.from_run(replace(found, corrections=said))
    assert predicted.classes.tolist() == [1, 1]
    assert np.isnan(predicted.boxes).all(axis=1).tolist() == [False, True]


def test_of_a_drawn_box_nothing_was_predicted(found):
    predicted = Predictions.from_run(found).append_drawn(BOXES[:1])
    assert predicted.classes.tolist() == [0, 1, NOT_PREDICTED]
    assert np.isnan(predicted.scores).tolist() == [False, False, True]


def test_taken_predictions_are_those_of_the_cells_picked(found):
    assert Predictions.from_run(found).take(np.array([1])).classes.tolist() == [1]
