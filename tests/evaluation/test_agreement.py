"""Observers compared: figures, what is too little for them, and the words for a kappa."""

from itertools import pairwise

import numpy as np
import pytest

from napari_hemalens.config.agreement import AgreementRecipe
from napari_hemalens.evaluation.agreement import in_words, measure_agreement, shown
from napari_hemalens.evaluation.kappa import Figure
from napari_hemalens.evaluation.readings import PairedCells

# Table 10.8 of Agresti 2002, see test_kappa.
PATHOLOGISTS = np.array([[22, 2, 2, 0], [5, 7, 14, 0], [0, 2, 36, 0], [0, 1, 17, 10]])
GRADES = np.array(["negative", "atypical", "in situ", "invasive"])


def paired(*columns, images=None, there=None, observers=("Ann", "Ben", "Cem")):
    classes = np.stack([np.array(column, dtype=np.str_) for column in columns], axis=1)
    names = np.full(len(classes), "a") if images is None else np.array(images)
    seen = classes != "" if there is None else np.array(there)
    return PairedCells(observers[: classes.shape[1]], names, np.arange(len(classes)).astype(str), seen, classes)


def pathologists():
    first, second = np.indices((4, 4))
    return [GRADES[np.repeat(each.ravel(), PATHOLOGISTS.ravel())] for each in (first, second)]


def test_two_observers_of_a_published_table():
    (pair,) = measure_agreement(paired(*pathologists()), AgreementRecipe(order=tuple(GRADES))).pairs
    assert pair.cells == 118
    assert pair.agreement.value == pytest.approx(0.636, abs=5e-4)
    assert pair.kappa.value == pytest.approx(0.493, abs=5e-4)
    assert (pair.kappa.low, pair.kappa.high) == pytest.approx((0.381, 0.605), abs=0.02)
    assert pair.sentence.startswith("Ann and Ben agree on 63.6 % of 118 cells that both named; kappa 0.49 (")
    assert pair.sentence.endswith("moderate agreement.")
    assert pair.confusion.sum(axis=1).tolist() == [26, 38, 28, 26]  # by name: atypical, in situ, invasive, negative
    invasive = pair.classes["invasive"]
    assert (invasive.first, invasive.second, invasive.both) == (28, 10, 10)
    assert pair.weighted.value > pair.kappa.value  # most disagreements are of neighbours
    assert pair.drawn == "cells"
    assert measure_agreement(paired(*pathologists())).pairs[0].weighted is None


def test_cells_of_one_observer_alone_are_counted_apart_and_in_no_kappa():
    cells = paired(
        ["x", "y"] * 10 + ["x", "", "y"],
        ["x", "y"] * 10 + ["", "y", ""],
        there=[[1, 1]] * 20 + [[1, 0], [0, 1], [1, 1]],
    )
    (pair,) = measure_agreement(cells).pairs
    assert (pair.cells, pair.only, pair.unnamed) == (20, (1, 1), 1)
    assert pair.kappa.value == 1
    assert pair.notes == ("Of 20 cells the interval is rough; 50 or more are advised.",)


def test_few_cells_give_no_kappa_and_say_so():
    (pair,) = measure_agreement(paired(["x", "y"] * 4, ["x", "x"] * 4)).pairs
    assert (pair.kappa, pair.agreement.value) == (Figure(None), 0.5)
    assert pair.sentence == "Ann and Ben: Both named 8 cells, too few for kappa: it takes 10."
    nothing = measure_agreement(paired(["x"], [""])).pairs[0]
    assert (nothing.cells, nothing.agreement.value) == (0, None)


def test_one_class_alone_is_agreement_without_kappa():
    (pair,) = measure_agreement(paired(["x"] * 60, ["x"] * 60)).pairs
    assert (pair.agreement.value, pair.kappa.value) == (1, None)
    assert pair.notes == ("Kappa is not defined: both gave all cells one class.",)


def test_cells_without_a_nucleus_are_counted_among_the_others():
    one = ["lymphocyte"] * 20 + ["RBC"] * 30 + ["platelet", "monocyte"]
    other = ["lymphocyte"] * 20 + ["erythrocyte"] * 29 + ["platelet", "erythrocyte", "platelet"]
    (pair,) = measure_agreement(paired(one, other)).pairs
    assert (pair.cells, pair.small) == (52, 31)


def test_rare_classes_have_counts_without_kappa():
    (pair,) = measure_agreement(paired(["x"] * 30 + ["y"] * 30 + ["z"] * 4, ["x"] * 30 + ["y"] * 34)).pairs
    assert pair.classes["z"].kappa == Figure(None)
    assert pair.classes["x"].kappa.value == 1


def test_three_observers_have_all_pairs_and_a_kappa_together():
    one, other = pathologists()
    found = measure_agreement(paired(one, other, one))
    assert [pair.observers for pair in found.pairs] == [("Ann", "Ben"), ("Ann", "Cem"), ("Ben", "Cem")]
    assert found.pairs[1].kappa.value == 1
    assert found.named_by_all == 118
    assert 0.493 < found.together.value < 1
    few = measure_agreement(paired(["x"] * 12, ["x"] * 12, ["y", *[""] * 11]))
    assert (few.together, few.named_by_all) == (None, 1)


def test_ten_images_are_drawn_instead_of_cells():
    one, other = pathologists()
    (pair,) = measure_agreement(paired(one, other, images=np.arange(118) % 10)).pairs
    assert pair.drawn == "images"
    assert pair.kappa.value == pytest.approx(0.493, abs=5e-4)


def test_a_figure_that_rounds_to_zero_has_no_sign():
    assert shown(Figure(-0.004, -0.24, 0.25)) == "0.00 (-0.24 to 0.25)"
    assert shown(Figure(0.1, -0.001, 0.25)) == "0.10 (0.00 to 0.25)"


def test_the_words_are_those_of_landis_and_koch():
    values = (-0.1, 0.0, 0.2, 0.21, 0.41, 0.61, 0.81, 1.0)
    words = [in_words(value) for value in values]
    assert words == ["poor", "slight", "slight", "fair", "moderate", "substantial", "almost perfect", "almost perfect"]
    assert all(one <= other for one, other in pairwise(values))
    assert (shown(Figure(None)), shown(Figure(0.5)), shown(Figure(0.5, 0.25, 0.75))) == (
        "-",
        "0.50",
        "0.50 (0.25 to 0.75)",
    )
