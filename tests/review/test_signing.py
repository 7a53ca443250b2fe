"""What a person changes bears their name, and what another left as it is keeps that of the other."""

import numpy as np

from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.classes import ReviewedClasses
from napari_hemalens.review.signing import sign_boxes, sign_classes

BOXES = np.array([[10, 10, 30, 30], [10, 50, 30, 70], [60, 10, 80, 30]], dtype=np.float32)


def boxes() -> ReviewedBoxes:
    names = ("myelocyte", "lymphocyte")
    found = Detections.from_arrays(BOXES, [0.9, 0.6, 0.3], [0, 1, 0], names=names, image_shape=(100, 200))
    return ReviewedBoxes.from_run(found)


def classes() -> ReviewedClasses:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4]], dtype=np.float32)
    cells = Classified(
        ids=np.array([3, 5]),
        probabilities=probabilities,
        classes=probabilities.argmax(axis=1),
        names=("blast", "normal"),
        centres=np.zeros((2, 2)),
        areas=np.ones(2, dtype=np.int64),
        image_shape=(10, 10),
    )
    return ReviewedClasses(cells)


def test_each_cell_bears_the_name_of_who_changed_it_last():
    start = boxes()
    ann = sign_boxes(start, start.with_classes(np.array([0]), ["blast"]), "Ann")
    ben = sign_boxes(ann, ann.without(np.array([1])).with_boxes(np.array([2]), BOXES[2:] + 1), "Ben")
    assert ben.observers.tolist() == ["Ann", "Ben", "Ben"]
    again = sign_boxes(ben, ben.with_classes(np.array([0]), ["monocyte"]), "Ben")
    assert again.observers[0] == "Ben"


def test_who_confirms_a_second_time_does_not_take_the_cell_over():
    start = boxes()
    ann = sign_boxes(start, start.with_classes(np.array([0]), ["myelocyte"]), "Ann")
    assert ann.observers.tolist() == ["Ann", "", ""]
    assert sign_boxes(ann, ann.with_classes(np.array([0]), ["myelocyte"]), "Ben").observers.tolist() == ["Ann", "", ""]


def test_drawn_and_removed_cells_have_their_observers_in_the_result():
    start = boxes()
    drawn = sign_boxes(start, start.with_drawn(np.array([[5, 5, 9, 9]], np.float32), ["blast"]), "Ann")
    left = sign_boxes(drawn, drawn.without(np.array([0])), "Ben").current(0.5)
    assert dict(zip(left.class_names.tolist(), left.observers.tolist(), strict=True))["blast"] == "Ann"
    assert left.corrections.removed_observers.tolist() == ["Ben"]
    again = ReviewedBoxes.from_run(left)
    assert sorted(again.observers.tolist()) == ["", "Ann", "Ben"]


def test_another_run_leaves_observers_with_what_they_corrected():
    start = boxes()
    ann = sign_boxes(start, start.with_classes(np.array([1]), ["blast"]), "Ann")
    again = ann.merge_run(
        Detections.from_arrays(BOXES, [0.9, 0.6, 0.3], [0, 1, 0], names=("a", "b"), image_shape=(100, 200)), ()
    )
    assert again.observers[again.touched].tolist() == ["Ann"]
    assert set(again.observers[~again.touched].tolist()) == {""}


def test_words_on_classified_cells_are_signed_and_leave_with_the_word():
    start = classes()
    ann = sign_classes(start, start.with_corrections({3: "normal"}), "Ann")
    ben = sign_classes(ann, ann.with_corrections({3: "normal", 5: "blast"}), "Ben")
    assert ben.current.observers.tolist() == ["Ann", "Ben"]
    assert ben.with_corrections({3: ""}).observers == {5: "Ben"}
    assert sign_classes(None, start.with_corrections({5: "blast"}), "").observers == {}
