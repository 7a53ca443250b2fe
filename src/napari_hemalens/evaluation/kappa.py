"""Agreement beyond chance: Cohen's kappa, weighted and of single classes, Fleiss' kappa, and their intervals.

Cohen 1960, A coefficient of agreement for nominal scales, doi:10.1177/001316446002000104; weighted: Cohen 1968,
doi:10.1037/h0026256. Fleiss 1971, Measuring nominal scale agreement among many raters, doi:10.1037/h0031619. Kappa of
two observers is scikit-learn's. Intervals are those between the 2.5th and 97.5th percentile of a bootstrap (Efron and
Tibshirani 1993, An Introduction to the Bootstrap), in which cells are drawn, or, where there are several images, whole
images with their cells, since cells of one image are more alike (Field and Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

IMAGES_NEEDED = 10
"""Images from which whole images are drawn: of fewer, draws differ too little for an interval."""

Weights = Literal["linear", "quadratic"] | None
_AT_ONCE = 200  # draws: the memory of one step


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure with its 95 % interval; None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Draws:
    """How many draws a bootstrap makes, and their seed."""

    number: int = 2000
    seed: int = 0


def cohen(first: NDArray[np.int64], second: NDArray[np.int64], number: int, weights: Weights = None) -> float | None:
    """Return kappa of two observers, who gave N cells classes (N,) of 0 to `number` - 1.

    None where it is not defined: all cells have one class, so that all agreement may be chance.
    """
    if not len(first) or len({*first.tolist(), *second.tolist()}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415 -- loads scipy.stats and pandas

    return float(cohen_kappa_score(first, second, labels=np.arange(number), weights=weights))


def confusions(
    first: NDArray[np.int64], second: NDArray[np.int64], groups: NDArray[np.int64], number: int
) -> NDArray[np.int64]:
    """Return cells by class of the first and of the second observer, for each group (G, number, number)."""
    found = np.zeros((int(groups.max(initial=-1)) + 1, number, number), dtype=np.int64)
    np.add.at(found, (groups, first, second), 1)
    return found


def kappas(matrices: NDArray[np.int64], weights: Weights = None) -> NDArray[np.float64]:
    """Return kappa of each of some confusion matrices (..., K, K); NaN where it is not defined."""
    number = matrices.shape[-1]
    away = np.abs(np.subtract.outer(np.arange(number), np.arange(number))).astype(np.float64)
    cost = {None: (away > 0).astype(np.float64), "linear": away, "quadratic": away**2}[weights]
    cells = matrices.sum(axis=(-2, -1))
    expected = matrices.sum(axis=-1)[..., :, None] * matrices.sum(axis=-2)[..., None, :]
    seen, chance = (matrices * cost).sum(axis=(-2, -1)), (expected * cost).sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = 1 - cells * seen / chance
    return np.where(chance > 0, found, np.nan)


def one_against_rest(matrices: NDArray[np.int64], index: int) -> NDArray[np.int64]:
    """Return confusion matrices (..., K, K) of one class and all others together: (..., 2, 2)."""
    both = matrices[..., index, index]
    first, second = matrices[..., index, :].sum(axis=-1) - both, matrices[..., :, index].sum(axis=-1) - both
    neither = matrices.sum(axis=(-2, -1)) - both - first - second
    return np.stack([np.stack([both, first], axis=-1), np.stack([second, neither], axis=-1)], axis=-2)


def drawn_confusions(by_image: NDArray[np.int64], draws: Draws) -> Iterator[NDArray[np.int64]]:
    """Yield confusion matrices of drawn cells, or of drawn images where there are enough, (D, K, K) at a time."""
    rng = np.random.default_rng(draws.seed)
    images, number, _ = by_image.shape
    whole = by_image.sum(axis=0)
    shares = whole.ravel() / max(1, whole.sum())
    for start in range(0, draws.number, _AT_ONCE):
        size = min(_AT_ONCE, draws.number - start)
        if images >= IMAGES_NEEDED:
            times = rng.multinomial(images, np.full(images, 1 / images), size=size)
            yield np.tensordot(times, by_image, axes=1)
        else:
            yield rng.multinomial(int(whole.sum()), shares, size=size).reshape(size, number, number)


def intervals(
    by_image: NDArray[np.int64], measures: list[Callable[[NDArray[np.int64]], NDArray[np.float64]]], draws: Draws
) -> list[tuple[float | None, float | None]]:
    """Return the 95 % interval of each measure of confusion matrices, all from the same draws."""
    drawn = [[measure(some) for measure in measures] for some in drawn_confusions(by_image, draws)]
    return [_percentiles(np.concatenate([each[i] for each in drawn])) for i in range(len(measures))]


def fleiss(classes: NDArray[np.int64], number: int, images: NDArray[np.int64], draws: Draws) -> Figure:
    """Return Fleiss' kappa of R observers of N cells, whose classes (N, R) are 0 to `number` - 1."""
    counts = np.stack([(classes == k).sum(axis=1) for k in range(number)], axis=1)  # (N, K)
    observers = classes.shape[1]
    agreed = (counts * (counts - 1)).sum(axis=1) / (observers * (observers - 1))
    value = _fleiss(np.ones((1, len(classes))), agreed, counts)[0]
    rng = np.random.default_rng(draws.seed)
    groups = int(images.max(initial=-1)) + 1
    drawn = []
    for start in range(0, draws.number, _AT_ONCE):
        size = min(_AT_ONCE, draws.number - start)
        units = groups if groups >= IMAGES_NEEDED else len(classes)
        times = rng.multinomial(units, np.full(units, 1 / units), size=size)
        of_cells = times[:, images] if groups >= IMAGES_NEEDED else times
        drawn.append(_fleiss(of_cells.astype(np.float64), agreed, counts))
    known = None if np.isnan(value) else float(value)
    return Figure(known, *(_percentiles(np.concatenate(drawn)) if known is not None else (None, None)))


def _fleiss(times: NDArray[np.float64], agreed: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return kappa where each of N cells is there so many times (D, N): (P - Pe) / (1 - Pe), as in the paper."""
    cells = times.sum(axis=1)
    seen = times @ agreed / cells
    shares = times @ counts / (cells * counts[0].sum())[:, None]
    chance = (shares**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(chance < 1, (seen - chance) / (1 - chance), np.nan)


def _percentiles(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    if np.isnan(values).all():
        return None, None
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
