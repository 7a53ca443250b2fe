"""Short names of classes on boxes."""

import numpy as np
import pytest
from napari.layers import Shapes

from napari_hemalens.gui.box_labels import describe, in_words, label_style, short_names, show_labels
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.naming import Naming


def test_red_cells_and_platelets_have_no_label():
    assert list(short_names(["erythrocyte", "blast", "platelet"])) == ["", "blast", ""]


def test_labels_are_hidden_until_they_are_wanted():
    assert label_style()["visible"] is False
    assert label_style()["string"] == "{short}"


def test_labels_that_are_not_shown_are_not_made():
    box = np.array([[0, 0], [0, 9], [9, 9], [9, 0]])
    layer = Shapes([box, box + 20], features={"class": ["blast", "blast"], "short": ["b", "c"]})
    for shown in (True, False, True):
        show_labels(layer, shown=shown)
        assert layer.text.visible == shown
        assert np.array(layer.text.values).tolist() == (["b", "c"] if shown else "")


def test_the_label_of_an_unsure_cell_ends_with_a_question_mark():
    names = ["blast", "blast", "erythrocyte", "unclassifiable"]
    assert list(short_names(names, np.array([True, False, True, True]))) == ["blast?", "blast", "", "?"]


@pytest.mark.parametrize(
    ("certainty", "unsure", "words"),
    [
        (0.618, False, "plasma cell (p 0.62), score 0.95"),
        (0.618, True, "plasma cell (p 0.62), score 0.95, unsure"),
        (np.nan, False, "plasma cell, score 0.95"),
    ],
)
def test_a_cell_is_told_in_words(certainty, unsure, words):
    assert in_words("plasma_cell", certainty, 0.95, unsure=unsure) == words


def test_a_cell_of_a_record_is_told_in_the_same_words():
    naming = Naming(("blast",), np.array([[0.7]], np.float32), np.array([1.2], np.float32))
    cells = Detections.from_arrays([[0, 0, 9, 9]], [0.5], [0], names=("blast",), image_shape=(9, 9), naming=naming)
    assert describe(cells, 0) == "blast (p 0.70), score 0.50, unsure"
