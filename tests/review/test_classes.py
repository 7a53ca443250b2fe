"""The classifier's classes, and those that a person gave beside them."""

import numpy as np
import pytest

from napari_hemalens.records.classified import UNCORRECTED, Classified
from napari_hemalens.review.classes import ReviewedClasses, pooled


@pytest.fixture
def reviewed():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], dtype=np.float32)
    cells = Classified(
        ids=np.array([3, 5, 8]),
        probabilities=probabilities,
        classes=probabilities.argmax(axis=1),
        names=("blast", "normal"),
        centres=np.zeros((3, 2)),
        areas=np.ones(3, dtype=np.int64),
        image_shape=(10, 10),
    )
    return ReviewedClasses(cells)


def test_corrections_go_by_number_and_change_no_prediction(reviewed):
    corrected = reviewed.with_corrections({5: "normal"})
    assert corrected.given.tolist() == [UNCORRECTED, 1, UNCORRECTED]
    assert corrected.current.class_names.tolist() == ["blast", "normal", "normal"]
    assert corrected.cells.class_names.tolist() == ["blast", "blast", "normal"]
    assert reviewed.n_corrections == 0


def test_an_empty_class_takes_the_correction_back(reviewed):
    assert reviewed.with_corrections({5: "normal"}).with_corrections({5: ""}).n_corrections == 0


def test_corrections_of_cells_that_are_not_there_wait_for_them(reviewed):
    waiting = reviewed.with_corrections({99: "blast"})
    assert waiting.n_corrections == 0
    assert waiting.corrections == {99: "blast"}


def test_the_least_certain_come_first_without_those_reviewed(reviewed):
    assert reviewed.least_certain().tolist() == [1, 2, 0]
    assert reviewed.with_corrections({5: "blast"}).least_certain().tolist() == [2, 0]


def test_another_run_keeps_what_a_person_gave(reviewed):
    again = reviewed.with_corrections({8: "blast"}).merge_run(reviewed.cells)
    assert again.current.class_names.tolist() == ["blast", "blast", "blast"]


def test_counts_of_several_images_add_up_by_the_last_word_on_each_cell(reviewed):
    assert pooled([reviewed, reviewed.with_corrections({8: "blast"})]) == {"blast": 5, "normal": 1}
