"""Shares of patients compared: each p against a count of all tables or all ways to deal patients out."""

import itertools
import math

import numpy as np
import pytest

from napari_hemalens.reports.group_tests import adjust_tests, compare_shares

OF = 100


def by_all_ways(first: list[int], second: list[int]) -> float:
    """Return the two-sided p of a rank sum, by going through all ways to choose who is in the second group."""
    values = np.array([*first, *second])
    ranks = np.array([(values < v).sum() + ((values == v).sum() + 1) / 2 for v in values])
    sums = np.array([ranks[list(of)].sum() for of in itertools.combinations(range(len(values)), len(second))])
    seen = ranks[len(first) :].sum()
    return float(min(1, 2 * min((sums >= seen - 1e-9).mean(), (sums <= seen + 1e-9).mean())))


def test_cells_are_compared_by_fishers_sum_over_tables() -> None:
    test = compare_shares("blast", [(1, 100), (5, 200)], [(194, 700)])
    assert test.cells == ((6, 300), (194, 700))
    ways = [math.comb(300, k) * math.comb(700, 200 - k) for k in range(201)]
    assert test.fisher_p == pytest.approx(sum(way for way in ways if way <= ways[6]) / sum(ways), rel=1e-6)
    assert test.odds_ratio == pytest.approx((194 / 506) / (6 / 294))


@pytest.mark.parametrize(
    ("first", "second", "u"),
    [([1, 2, 3], [40, 50, 60, 11], 12), ([30, 31, 32], [27, 28, 33], 3), ([0, 0, 0, 4], [0, 9, 9, 12], 13.5)],
    ids=["apart", "mixed", "tied"],
)
def test_few_patients_are_compared_exactly(first: list[int], second: list[int], u: float) -> None:
    test = compare_shares("blast", [(n, OF) for n in first], [(n, OF) for n in second])
    assert (test.u, test.exact) == (u, True)
    assert test.rank_p == pytest.approx(by_all_ways(first, second))
    assert test.medians == (pytest.approx(np.median(first)), pytest.approx(np.median(second)))


def test_ties_of_many_patients_are_told_to_be_an_approximation() -> None:
    test = compare_shares("blast", [(i % 3, OF) for i in range(12)], [(2 + i % 3, OF) for i in range(12)])
    assert not test.exact
    assert 0 < test.rank_p < 0.01


def test_patients_who_are_all_alike_differ_by_nothing() -> None:
    test = compare_shares("blast", [(OF, OF)] * 12, [(OF, OF)] * 12)
    assert (test.rank_p, test.u, test.fisher_p) == (1, 72, 1)


def test_several_classes_are_adjusted_by_their_rank() -> None:
    first = [(1, OF), (2, OF), (3, OF)]
    tests = [
        compare_shares(name, first, [(n, OF) for n in second])
        for name, second in (("a", [9, 8, 7]), ("b", [2, 4, 5]), ("c", [2, 2, 2]))
    ]
    p = sorted(test.rank_p for test in tests)
    by_hand = {p[2]: p[2], p[1]: min(p[2], p[1] * 3 / 2), p[0]: min(p[2], p[1] * 3 / 2, p[0] * 3)}
    assert len(by_hand) == 3
    for test in adjust_tests(tests):
        assert test.rank_adjusted == pytest.approx(by_hand[test.rank_p])
        assert test.fisher_adjusted >= test.fisher_p
    assert adjust_tests([]) == ()
