from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.draft import SIZE_GUESSED, Draft, Prediction, finish_drafts, floats


@pytest.mark.parametrize(
    ("box", "score", "cells", "said"),
    [
        ((5, 0, 4, 9), 1, 1, "not read as written: with its corners in the wrong order"),
        ((0, 0, float("nan"), 5), 1, 0, "left out: a box with a corner that is no number"),
        ((0, 0, float("inf"), 5), 1, 0, "left out: a box with a corner"),
        ((0, 0, 0, 5), 1, 0, "left out: a box without area"),
        ((20, 20, 30, 30), 1, 0, "left out: a box outside the image"),
        ((0, 0, 5, 50), 1, 1, "more than half of which lies outside the image"),
        ((0, 0, 5, 5), 87, 1, "with a score that is not in 0-1, taken as 1"),
        ((0, 0, 5, 5), float("nan"), 1, "with a score that is not in 0-1, taken as 1"),
    ],
)
def test_an_odd_cell_is_mended_or_left_out_and_said(box, score, cells, said):
    draft = Draft(Path("a.json"), "a.png", (10, 10))
    draft.add((1, 1, 3, 3), "WBC")
    draft.add(box, "WBC", score)
    (found,) = finish_drafts([draft])
    assert len(found) == 1 + cells
    assert said in found.provenance.notes[0]


def test_a_size_taken_from_the_boxes_is_said():
    draft = Draft(Path("a.json"), "a.png")
    draft.add((0, 0, 10, 20), "WBC")
    assert finish_drafts([draft])[0].provenance.notes == (SIZE_GUESSED,)


def test_without_a_size_the_image_ends_with_its_boxes():
    draft = Draft(Path("a.json"), "a.png")
    draft.add((0, 0, 10.5, 20), "WBC")
    draft.add((0, 0, 5, 30.2), "WBC")
    assert finish_drafts([draft])[0].image_shape == (11, 31)


def test_classes_are_those_found_in_all_images_sorted_and_all_recognised():
    one, other = Draft(Path("a"), "1", (9, 9)), Draft(Path("a"), "2", (9, 9))
    one.add((0, 0, 5, 5), "b")
    other.add((0, 0, 5, 5), "a")
    assert [(f.names, f.recognised) for f in finish_drafts([one, other])] == [(("a", "b"),) * 2] * 2


def test_a_class_that_is_not_among_those_given_is_refused():
    draft = Draft(Path("a.json"), "a.png", (9, 9))
    draft.add((0, 0, 5, 5), "WBC")
    with pytest.raises(AnnotationError, match=r"'a\.png' has the class 'WBC'\. Known: RBC\."):
        finish_drafts([draft], ["RBC"])


def test_a_text_that_is_no_number_is_named():
    with pytest.raises(AnnotationError, match=r"line 3: 'x' is not a number\."):
        floats(["1", "x"], "line 3")


def test_how_sure_a_class_is_goes_with_its_cell():
    draft = Draft(Path("a.csv"), "a.png", (9, 9))
    draft.add((0, 0, 5, 5), "WBC", 0.5, Prediction("", "WBC", 0.5, certainty=0.4, novelty=1.2))
    draft.add((0, 0, 6, 6), "RBC", 0.9)
    (cells,) = finish_drafts([draft])
    np.testing.assert_allclose(cells.certainty, [np.nan, 0.4])
    assert cells.unsure.tolist() == [False, True]


def test_a_file_without_names_says_nothing_of_how_cells_were_named():
    draft = Draft(Path("a.csv"), "a.png", (9, 9))
    draft.add((0, 0, 5, 5), "WBC")
    assert finish_drafts([draft])[0].naming is None
