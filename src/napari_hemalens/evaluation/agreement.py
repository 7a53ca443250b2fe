"""How far observers agree on the same cells: each two of them, and all together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.config.agreement import AgreementRecipe
from napari_hemalens.evaluation.kappa import (
    IMAGES_NEEDED,
    Draws,
    Figure,
    cohen,
    confusions,
    fleiss,
    intervals,
    kappas,
    one_against_rest,
)
from napari_hemalens.evaluation.readings import PairedCells
from napari_hemalens.progress import counted
from napari_hemalens.records.synonyms import meaning
from napari_hemalens.records.taxonomy import cell_class

CELLS_NEEDED = 10
"""Cells that both named, below which kappa is not given."""

CELLS_ADVISED = 50
"""Cells below which it is said that an interval is rough."""

_OF_A_CLASS = 5  # cells that either called so
_BOUNDS = ((0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))


@dataclass(frozen=True, slots=True)
class ClassAgreement:
    """One class against all others.

    Attributes
    ----------
    first, second, both : int
        Cells that the one, the other, and both called so.
    kappa : Figure
        Without a value where fewer than 5 cells are called so.
    """

    first: int
    second: int
    both: int
    kappa: Figure


@dataclass(frozen=True, slots=True, eq=False)
class PairAgreement:
    """Two observers.

    Attributes
    ----------
    observers : (str, str)
        Who.
    cells : int
        Cells that both named.
    only : (int, int)
        Cells that the one found, and the other did not.
    unnamed : int
        Cells that both found, and one or both did not name.
    agreement, kappa : Figure
        Share of the cells that have the same class, in 0-1, and Cohen's kappa.
    weighted : Figure or None
        Weighted kappa of the cells whose classes are both in the order; None where there is none.
    names : tuple of str
        The classes.
    classes : mapping of str to ClassAgreement
        Each class that occurs.
    confusion : (K, K) int64
        Cells by class of the first (rows) and of the second observer.
    drawn : {'cells', 'images'}
        What the bootstrap behind the intervals draws.
    notes : tuple of str
        What speaks against the figures, a sentence each.
    """

    observers: tuple[str, str]
    cells: int
    only: tuple[int, int]
    unnamed: int
    agreement: Figure
    kappa: Figure
    weighted: Figure | None
    names: tuple[str, ...]
    classes: Mapping[str, ClassAgreement]
    confusion: NDArray[np.int64]
    drawn: str
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The result in a sentence."""
        first, second = self.observers
        if self.kappa.value is None:
            return f"{first} and {second}: {' '.join(self.notes[:1]) or 'kappa is not defined.'}"
        share = 100 * (self.agreement.value or 0)
        return (
            f"{first} and {second} agree on {share:.1f} % of {counted(self.cells, 'cell')} that both named; "
            f"kappa {shown(self.kappa)}, {in_words(self.kappa.value)} agreement."
        )

    @property
    def small(self) -> int:
        """How many of the cells both called red cells, platelets or others without a nucleus."""
        small = np.array([not cell_class(name).nucleated for name in self.names], dtype=bool)
        return int(self.confusion[np.ix_(small, small)].sum())


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """All observers.

    Attributes
    ----------
    paired : PairedCells
        Their cells.
    pairs : tuple of PairAgreement
        Each two of them.
    together : Figure or None
        Fleiss' kappa of three or more, over the cells that all of them named.
    named_by_all : int
        How many these are.
    recipe : AgreementRecipe
        How they were compared.
    """

    paired: PairedCells
    pairs: tuple[PairAgreement, ...]
    together: Figure | None
    named_by_all: int
    recipe: AgreementRecipe


def measure_agreement(paired: PairedCells, recipe: AgreementRecipe | None = None) -> Agreement:
    """Compare observers, each two of them, and three or more together."""
    chosen = recipe or AgreementRecipe()
    names = tuple(np.unique(paired.classes[paired.classes != ""]).tolist())
    known = np.searchsorted(np.array(names, dtype=np.str_), paired.classes) if names else np.zeros(paired.there.shape)
    index = np.where(paired.classes == "", -1, known).astype(np.int64)
    images = np.unique(paired.images, return_inverse=True)[1].astype(np.int64)
    pairs = tuple(
        _pair(paired, (i, j), (index, images, names), chosen) for i, j in combinations(range(len(paired.observers)), 2)
    )
    named = (index >= 0).all(axis=1)
    together = None
    if len(paired.observers) > 2 and named.sum() >= CELLS_NEEDED:
        together = fleiss(index[named], len(names), _numbered(images[named]), Draws(chosen.draws, chosen.seed))
    return Agreement(paired, pairs, together, int(named.sum()), chosen)


def in_words(kappa: float) -> str:
    """Return what Landis and Koch (1977, doi:10.2307/2529310) call a kappa; they call their own bounds arbitrary."""
    return "poor" if kappa < 0 else next((words for bound, words in _BOUNDS if kappa <= bound), "almost perfect")


def shown(figure: Figure) -> str:
    """Return a value with its interval, '-' where it is not defined."""
    if figure.value is None:
        return "-"
    interval = "" if figure.low is None or figure.high is None else f" ({figure.low:z.2f} to {figure.high:z.2f})"
    return f"{figure.value:z.2f}{interval}"  # z: no -0.00


def _pair(
    paired: PairedCells,
    of: tuple[int, int],
    read: tuple[NDArray[np.int64], NDArray[np.int64], tuple[str, ...]],
    recipe: AgreementRecipe,
) -> PairAgreement:
    every, images, names = read
    first, second = every[:, of[0]], every[:, of[1]]
    there = paired.there[:, list(of)]
    both = (first >= 0) & (second >= 0)
    a, b, where = first[both], second[both], _numbered(images[both])
    by_image = confusions(a, b, where, len(names))
    whole = by_image.sum(axis=0)
    cells = int(both.sum())
    agreement, kappa, classes = _figures(by_image, cohen(a, b, len(names)), names, Draws(recipe.draws, recipe.seed))
    return PairAgreement(
        (paired.observers[of[0]], paired.observers[of[1]]),
        cells,
        (int((there[:, 0] & ~there[:, 1]).sum()), int((there[:, 1] & ~there[:, 0]).sum())),
        int((there.all(axis=1) & ~both).sum()),
        agreement,
        kappa,
        _weighted(by_image, names, recipe),
        names,
        classes,
        whole,
        "images" if len(by_image) >= IMAGES_NEEDED else "cells",
        tuple(_doubts(cells, kappa)),
    )


def _figures(
    by_image: NDArray[np.int64], kappa: float | None, names: tuple[str, ...], draws: Draws
) -> tuple[Figure, Figure, dict[str, ClassAgreement]]:
    """Return share that agrees, kappa, and that of each class, all with intervals from the same draws."""
    whole = by_image.sum(axis=0)
    cells = int(whole.sum())
    present = [k for k in range(len(names)) if whole[k].sum() or whole[:, k].sum()]
    if cells < CELLS_NEEDED:
        counts = {names[k]: _counts(whole, k, Figure(None)) for k in present}
        return Figure(whole.trace() / cells if cells else None), Figure(None), counts
    measures: list[Callable[[NDArray[np.int64]], NDArray[np.float64]]] = [_shares, kappas]
    measures += [partial(_of_class, k) for k in present]
    of_share, of_kappa, *of_classes = intervals(by_image, measures, draws)
    single = {
        names[k]: _counts(whole, k, _class_figure(whole, k, interval))
        for k, interval in zip(present, of_classes, strict=True)
    }
    known = Figure(kappa, *of_kappa) if kappa is not None else Figure(None)
    return Figure(whole.trace() / cells, *of_share), known, single


def _class_figure(whole: NDArray[np.int64], k: int, interval: tuple[float | None, float | None]) -> Figure:
    value = float(kappas(one_against_rest(whole, k)))
    if np.isnan(value) or max(whole[k].sum(), whole[:, k].sum()) < _OF_A_CLASS:
        return Figure(None)
    return Figure(value, *interval)


def _counts(whole: NDArray[np.int64], k: int, kappa: Figure) -> ClassAgreement:
    return ClassAgreement(int(whole[k].sum()), int(whole[:, k].sum()), int(whole[k, k]), kappa)


def _shares(matrices: NDArray[np.int64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.trace(matrices, axis1=-2, axis2=-1) / matrices.sum(axis=(-2, -1)).clip(1)
    return shares


def _of_class(k: int, matrices: NDArray[np.int64]) -> NDArray[np.float64]:
    return kappas(one_against_rest(matrices, k))


def _weighted(by_image: NDArray[np.int64], names: tuple[str, ...], recipe: AgreementRecipe) -> Figure | None:
    """Return the weighted kappa of the cells that both put into classes of the order."""
    order = [names.index(name) for name in (meaning(each) or each for each in recipe.order) if name in names]
    if len(order) < 2:
        return None
    ordered = by_image[:, order][:, :, order]
    value = float(kappas(ordered.sum(axis=0), recipe.weights))
    if np.isnan(value) or ordered.sum() < CELLS_NEEDED:
        return Figure(None)
    draws = Draws(recipe.draws, recipe.seed)
    return Figure(value, *intervals(ordered, [lambda some: kappas(some, recipe.weights)], draws)[0])


def _doubts(cells: int, kappa: Figure) -> list[str]:
    if cells < CELLS_NEEDED:
        return [f"Both named {counted(cells, 'cell')}, too few for kappa: it takes {CELLS_NEEDED}."]
    doubts = []
    if kappa.value is None:
        doubts.append("Kappa is not defined: both gave all cells one class.")
    if cells < CELLS_ADVISED:
        doubts.append(f"Of {cells:,} cells the interval is rough; {CELLS_ADVISED} or more are advised.")
    return doubts


def _numbered(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return groups numbered without gaps."""
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)
