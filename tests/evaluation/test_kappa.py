"""Kappa against published tables and scikit-learn, and its intervals against a closed form."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from napari_hemalens.evaluation.kappa import (
    Draws,
    cohen,
    confusions,
    drawn_confusions,
    fleiss,
    intervals,
    kappas,
    one_against_rest,
)

# Two pathologists, 118 slides of carcinoma in situ, four ordered grades: Agresti, Categorical Data Analysis, 2002,
# table 10.8: kappa 0.493 with a standard error of 0.057, agreement 0.636, of which 0.281 by chance.
PATHOLOGISTS = np.array([[22, 2, 2, 0], [5, 7, 14, 0], [0, 2, 36, 0], [0, 1, 17, 10]])

# 14 raters, 10 subjects, 5 categories: the worked example of Wikipedia's article on Fleiss' kappa, 0.210.
RATERS = np.array(
    [
        *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
        *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
    ]
)


def said(matrix):
    """Return what two observers said, one entry a cell."""
    first, second = np.indices(matrix.shape)
    return np.repeat(first.ravel(), matrix.ravel()), np.repeat(second.ravel(), matrix.ravel())


def test_kappa_is_that_of_the_published_table():
    first, second = said(PATHOLOGISTS)
    assert cohen(first, second, 4) == pytest.approx(0.493, abs=5e-4)
    rows, columns, cells = PATHOLOGISTS.sum(axis=1), PATHOLOGISTS.sum(axis=0), PATHOLOGISTS.sum()
    seen, chance = PATHOLOGISTS.trace() / cells, (rows * columns).sum() / cells**2
    assert (seen, chance) == pytest.approx((0.636, 0.281), abs=5e-4)
    assert cohen(first, second, 4) == pytest.approx((seen - chance) / (1 - chance))


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappas_of_many_tables_are_those_of_scikit_learn(weights):
    first, second = said(PATHOLOGISTS)
    assert kappas(PATHOLOGISTS, weights) == pytest.approx(cohen_kappa_score(first, second, weights=weights))


def test_a_class_against_all_others_is_a_table_of_two():
    first, second = said(PATHOLOGISTS)
    for k in range(4):
        two = one_against_rest(PATHOLOGISTS, k)
        assert two.sum() == 118
        assert kappas(two) == pytest.approx(cohen_kappa_score(first == k, second == k))


def test_the_interval_is_close_to_that_of_the_closed_form():
    (low, high), *_ = intervals(PATHOLOGISTS[None], [kappas], Draws(4000))
    assert low == pytest.approx(0.493 - 1.96 * 0.057, abs=0.02)
    assert high == pytest.approx(0.493 + 1.96 * 0.057, abs=0.02)


def test_where_all_cells_have_one_class_kappa_is_not_defined():
    same = np.zeros(20, dtype=np.int64)
    assert cohen(same, same, 1) is None
    assert cohen(same[:0], same[:0], 0) is None
    assert np.isnan(kappas(np.array([[20, 0], [0, 0]])))
    assert intervals(np.array([[[20, 0], [0, 0]]]), [kappas], Draws(100)) == [(None, None)]


def test_images_are_drawn_whole_where_there_are_ten():
    alike = np.array([[[5, 0], [0, 0]], [[0, 5], [0, 0]]])[np.arange(10) % 2]
    drawn = np.concatenate([*drawn_confusions(alike, Draws(300))])
    assert len(drawn) == 300
    assert (drawn.sum(axis=(1, 2)) == 50).all()
    assert (drawn % 5 == 0).all()
    few = np.concatenate([*drawn_confusions(alike[:9], Draws(300))])
    assert (few.sum(axis=(1, 2)) == 45).all()
    assert (few % 5 != 0).any()


def test_cells_are_counted_by_image_and_by_what_both_said():
    found = confusions(np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    assert found.tolist() == [[[1, 0], [0, 0]], [[0, 0], [1, 1]]]


def test_kappa_of_many_raters_is_that_of_the_worked_example():
    classes = np.array([np.repeat(np.arange(5), row) for row in RATERS])
    found = fleiss(classes, 5, np.zeros(10, dtype=np.int64), Draws(500))
    assert found.value == pytest.approx(0.210, abs=5e-4)
    assert found.low < 0.21 < found.high


def test_raters_who_all_say_one_class_have_no_kappa():
    assert fleiss(np.zeros((12, 3), dtype=np.int64), 1, np.zeros(12, dtype=np.int64), Draws(100)).value is None
