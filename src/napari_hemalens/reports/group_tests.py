"""Two groups of patients compared by their share of each class.

In two ways: Fisher's exact test on the cells of each group, and the test of Mann and Whitney (1947,
doi:10.1214/aoms/1177730491) on the shares of the patients. The p values of several classes are adjusted by the
procedure of Benjamini and Hochberg (1995, doi:10.1111/j.2517-6161.1995.tb02031.x), for each test apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_PERMUTATIONS = 20_000  # up to so many ways to deal patients out, p is exact in spite of ties: 8 and 8 have 12,870

Shares: TypeAlias = Sequence[tuple[int, int]]
"""Of each patient of a group: cells of a class, and all cells, more than 0."""


@dataclass(frozen=True, slots=True)
class ClassTest:
    """Two groups compared by their share of one class.

    Attributes
    ----------
    class_name : str
        The class.
    cells : ((int, int), (int, int))
        Cells of the class and all cells, in each group.
    odds_ratio : float
        Odds of the second group over those of the first; infinite or NaN as in `assay.Comparison`.
    fisher_p, fisher_adjusted : float
        Fisher's exact test on cells, two-sided; then adjusted for all classes.
    medians : (float, float)
        Of the patients' shares in each group, in per cent.
    u : float
        Mann and Whitney's statistic of the second group.
    rank_p, rank_adjusted : float
        Mann and Whitney's test on the patients' shares, two-sided; then adjusted for all classes.
    exact : bool
        Whether `rank_p` is exact, and no approximation.
    """

    class_name: str
    cells: tuple[tuple[int, int], tuple[int, int]]
    odds_ratio: float
    fisher_p: float
    medians: tuple[float, float]
    u: float
    rank_p: float
    exact: bool
    fisher_adjusted: float = math.nan
    rank_adjusted: float = math.nan


def compare_shares(class_name: str, first: Shares, second: Shares) -> ClassTest:
    """Compare two groups of patients by their share of one class, the control first; nothing is adjusted yet."""
    from scipy.stats import fisher_exact  # noqa: PLC0415 -- slow to import, rarely needed

    cells = [(sum(count for count, _ in of), sum(total for _, total in of)) for of in (first, second)]
    of_first, of_second = (np.array([count / total for count, total in of]) for of in (first, second))
    ratio, fisher_p = fisher_exact([(count, total - count) for count, total in reversed(cells)])
    u, rank_p, exact = _compare_ranks(of_first, of_second)
    return ClassTest(
        class_name=class_name,
        cells=(cells[0], cells[1]),
        odds_ratio=float(ratio),
        fisher_p=float(fisher_p),
        medians=(100 * float(np.median(of_first)), 100 * float(np.median(of_second))),
        u=u,
        rank_p=rank_p,
        exact=exact,
    )


def adjust_tests(tests: Sequence[ClassTest]) -> tuple[ClassTest, ...]:
    """Return the tests of several classes with p values that are adjusted for their number."""
    from scipy.stats import false_discovery_control  # noqa: PLC0415 -- as above

    if not tests:
        return ()
    fisher, ranks = (
        false_discovery_control(np.clip(p, 0, 1), method="bh")
        for p in ([test.fisher_p for test in tests], [test.rank_p for test in tests])
    )
    return tuple(
        replace(test, fisher_adjusted=float(of_cells), rank_adjusted=float(of_patients))
        for test, of_cells, of_patients in zip(tests, fisher, ranks, strict=True)
    )


def _compare_ranks(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Return Mann and Whitney's U of the second, its p, and whether that is exact.

    Without ties scipy's test is exact where one group has at most 8 patients. With ties, which shares of 0 make, all
    ways to deal the patients out are gone through where they are few enough; else p is a normal approximation.
    """
    from scipy.stats import mannwhitneyu, permutation_test, rankdata  # noqa: PLC0415 -- as above

    values = np.concatenate([second, first])
    tied = len(np.unique(values)) < len(values)
    if not tied:
        u, p = mannwhitneyu(second, first, alternative="two-sided")
        return float(u), float(p), min(len(first), len(second)) <= 8
    u = float(rankdata(values)[: len(second)].sum() - len(second) * (len(second) + 1) / 2)
    if len(np.unique(values)) == 1:
        return u, 1.0, True
    if math.comb(len(values), len(second)) > _PERMUTATIONS:
        return u, float(mannwhitneyu(second, first, alternative="two-sided", method="asymptotic").pvalue), False

    def rank_sum(x: NDArray[np.float64], y: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        ranks = rankdata(np.concatenate([x, y], axis=axis), axis=axis)
        return np.asarray(np.take(ranks, range(x.shape[axis]), axis=axis).sum(axis=axis))

    dealt = permutation_test((second, first), rank_sum, vectorized=True, n_resamples=_PERMUTATIONS)
    return u, float(dealt.pvalue), True
