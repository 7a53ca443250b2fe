"""Splits of cells by subject, source or image: no group is on two sides."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import TrainingError
from napari_hemalens.formats.named_cells import NamedCells, classes_of

_DRAWS = 300  # random orders of the groups, of which the one that splits all classes best is taken

Cells = tuple[NamedCells, ...]


class Partition(NamedTuple):
    """Cells to train on, to choose the epoch by, and to test on; no group is in two of them."""

    train: Cells
    choose: Cells
    test: Cells


def name_grouping(fields: Sequence[NamedCells]) -> str:
    """Return what the groups of some cells are, in words: subject, source, group, block of images, image."""
    kinds = {field.grouped_by for field in fields}
    kind = kinds.pop() if len(kinds) == 1 else "group"
    return "block of images" if kind == "block" else kind


def hold_back(fields: Sequence[NamedCells], share: float, *, seed: int) -> tuple[Cells, Cells]:
    """Split cells into those to train on and those to choose the epoch by, no group on both sides.

    Parameters
    ----------
    fields : sequence of NamedCells
        The cells.
    share : float
        Share of each class that is held back, as nearly as groups allow; in 0-1.
    seed : int
        Of the draw.

    Raises
    ------
    TrainingError
        If groups cannot be split so that every class is on both sides.
    """
    names, counts = _counts(fields)
    rng = np.random.default_rng(seed)
    best, back = np.inf, np.array([], dtype=np.int64)
    for _ in range(_DRAWS):
        order = rng.permutation(len(names))
        shares = counts[order].cumsum(axis=0)[:-1] / counts.sum(axis=0)
        both = ((shares > 0) & (shares < 1)).all(axis=1)
        off = np.where(both, np.abs(shares - share).max(axis=1, initial=0), np.inf)
        if len(off) and off.min() < best:
            best, back = off.min(), order[: off.argmin() + 1]
    if not len(back):
        raise TrainingError(
            f"Cells of {len(names)} subjects or images cannot be split so that all of "
            f"{', '.join(classes_of(fields))} are on both sides; more of them are needed."
        )
    chosen = {names[i] for i in back}
    return select_groups(fields, set(names) - chosen), select_groups(fields, chosen)


def split_folds(fields: Sequence[NamedCells], number: int) -> tuple[Cells, ...]:
    """Split cells into folds with about as many cells of each class, no group in two of them.

    Raises
    ------
    TrainingError
        If some fold would have no cell of some class.
    """
    names, counts = _counts(fields)
    shares = counts / counts.sum(axis=0)
    load = np.zeros((number, counts.shape[1]))
    where: list[set[str]] = [set() for _ in range(number)]
    for group in np.argsort(-shares.sum(axis=1), kind="stable"):
        crowded = load @ shares[group]  # how much a fold has of what this group brings
        fold = int(np.lexsort((load.sum(axis=1), crowded))[0])
        load[fold] += shares[group]
        where[fold].add(names[group])
    if not (load > 0).all():
        raise TrainingError(
            f"Cells of {len(names)} subjects or images do not make {number} folds with all of "
            f"{', '.join(classes_of(fields))} in each."
        )
    return tuple(select_groups(fields, groups) for groups in where)


def sample_cells(fields: Sequence[NamedCells], cells: int | None, *, seed: int) -> Cells:
    """Return a random sample of `cells` cells with the class shares of all; all of them for None."""
    names = np.concatenate([field.class_names for field in fields])
    if cells is None or cells >= len(names):
        return tuple(fields)
    rng = np.random.default_rng(seed)
    taken = np.zeros(len(names), dtype=bool)
    for name in np.unique(names):
        of_class = np.flatnonzero(names == name)
        taken[rng.choice(of_class, max(1, round(cells * len(of_class) / len(names))), replace=False)] = True
    ends = np.cumsum([len(field.ids) for field in fields])
    return _kept(fields, np.split(taken, ends[:-1]))


def select_groups(fields: Sequence[NamedCells], groups: Collection[str]) -> Cells:
    """Return the cells of some groups; an image without any is left out."""
    return _kept(fields, [np.isin(field.groups, sorted(groups)) for field in fields])


def _kept(fields: Sequence[NamedCells], masks: Sequence[NDArray[np.bool_]]) -> Cells:
    return tuple(
        replace(
            field,
            ids=field.ids[mask],
            class_names=field.class_names[mask],
            groups=field.groups[mask],
        )
        for field, mask in zip(fields, masks, strict=True)
        if mask.any()
    )


def _counts(fields: Sequence[NamedCells]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the groups by name, and how many cells of each class (by name) each has: (G, K)."""
    groups, of_group = np.unique(np.concatenate([field.groups for field in fields]), return_inverse=True)
    classes, of_class = np.unique(np.concatenate([field.class_names for field in fields]), return_inverse=True)
    counts = np.zeros((len(groups), len(classes)), dtype=np.int64)
    np.add.at(counts, (of_group, of_class), 1)
    return groups.tolist(), counts
