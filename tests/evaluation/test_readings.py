"""Cells of several observers are paired, and what only one of them found is known."""

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation.readings import ReadCells, Reading, pair_boxes, pair_readings

BOXES = np.array([[0, 0, 10, 10], [20, 20, 30, 30], [50, 50, 60, 60]], dtype=np.float32)


def boxes(*classes, at=BOXES):
    return ReadCells(np.array(classes, dtype=np.str_), boxes=np.asarray(at, dtype=np.float32).reshape(-1, 4))


def labels(**classes):
    ids = np.array([int(name[1:]) for name in classes], dtype=np.int64)
    return ReadCells(np.array([*classes.values()], dtype=np.str_), ids=ids)


def test_boxes_are_paired_one_to_one_the_best_first():
    second = np.array([[1, 0, 11, 10], [0, 0, 10, 11], [70, 70, 80, 80]], dtype=np.float32)
    first, other = pair_boxes(BOXES, second, 0.5)
    assert (first.tolist(), other.tolist()) == ([0], [1])
    nothing = pair_boxes(BOXES, second[:0], 0.5)
    assert [len(each) for each in nothing] == [0, 0]


def test_cells_that_one_observer_did_not_find_are_there_without_a_class():
    ann = Reading("Ann", {"a.tif": boxes("blast", "Lymphocytes", "blast")})
    ben = Reading("Ben", {"a.png": boxes("blast", "lymphocyte", at=BOXES[[2, 1]] + 1)})
    paired = pair_readings([ann, ben])
    assert paired.observers == ("Ann", "Ben")
    assert paired.there.tolist() == [[True, False], [True, True], [True, True]]
    assert paired.classes.tolist() == [["blast", ""], ["lymphocyte", "lymphocyte"], ["blast", "blast"]]
    assert paired.cells[0] == "0.0 0.0 10.0 10.0"


def test_a_third_observer_is_paired_with_what_either_of_the_others_found():
    three = [
        Reading("Ann", {"a": boxes("x", at=BOXES[:1])}),
        Reading("Ben", {"a": boxes("y", at=BOXES[1:2])}),
        Reading("Cem", {"a": boxes("y", "x", "z", at=BOXES[[1, 0, 2]])}),
    ]
    assert pair_readings(three).classes.tolist() == [["x", "", "x"], ["", "y", "y"], ["", "", "z"]]


def test_labelled_cells_are_paired_by_their_numbers():
    paired = pair_readings(
        [Reading("Ann", {"a": labels(n3="x", n9="y")}), Reading("Ben", {"a": labels(n9="y", n4="", n3="x")})]
    )
    assert paired.cells.tolist() == ["3", "4", "9"]
    assert paired.classes.tolist() == [["x", "x"], ["", ""], ["y", "y"]]
    assert paired.there.tolist() == [[True, True], [False, True], [True, True]]


def test_images_of_one_observer_alone_are_left_out_and_said():
    ann = Reading("Ann", {"a.tif": boxes("x", at=BOXES[:1]), "b.tif": boxes("x", at=BOXES[:1])}, ("Ann: note.",))
    paired = pair_readings([ann, Reading("Ben", {"a.tif": boxes("x", at=BOXES[:1])})])
    assert len(paired) == 1
    assert paired.notes == ("Ann: note.", "1 image was not read by all observers and left out.")


def test_frames_of_one_stack_are_images_of_their_own():
    ann = Reading("Ann", {"s.tif [T=1]": labels(n1="x"), "s.tif [T=2]": labels(n1="y")})
    ben = Reading("Ben", {"s.tif [T=2]": labels(n1="y")})
    assert pair_readings([ann, ben]).classes.tolist() == [["y", "y"]]


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        ([Reading("Ann", {})], "observers are compared who have different names; these are Ann"),
        ([Reading("Ann", {}), Reading("Ann", {})], "these are Ann, Ann"),
        ([Reading("Ann", {"a": boxes("x", at=BOXES[:1])}), Reading("Ben", {"b": boxes()})], "Ann: a; Ben: b"),
        ([Reading("Ann", {"a": labels(n1="x")}), Reading("Ben", {"a": boxes()})], "numbers of labels"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(readings, words):
    with pytest.raises(AnnotationError, match=f"(?i){words}"):
        pair_readings(readings)
