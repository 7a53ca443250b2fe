"""Assigning nuclei to cells: by a label image of the cells, or in pairs, by distance and similarity.

Two nuclei of one cell are about equally large and lie side by side, touching at most (Fenech, Nat Protoc 2, 2007,
https://doi.org/10.1038/nprot.2007.77). A nuclear stain shows no more than that, so pairs are proposals for a person to
review: `as_labels` turns them into a label image, to be corrected and used as cells. In the public fields of
`micronuclei/`, crowded and without cytochalasin B, a fifth of the nuclei have such a neighbour by chance: for crowded
fields, and for cells with three or more nuclei, give a label image of cells.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from skimage.segmentation import find_boundaries

from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.segmentation.shapes import Labels

GAP = 0.25
"""Maximum distance between the outlines of two nuclei of a cell, in mean diameters."""

ALIKE = 0.75
"""Minimum ratio of the areas of two nuclei of a cell, smaller over larger."""

_NONE = 0  # the nucleus is in no cell, as in `scoring.IN_NO_CELL`


def in_cells(nuclei: CellMap, cells: Labels) -> NDArray[np.int64]:
    """Return the cell that shares most pixels with each nucleus: (N,), 0 for none.

    Parameters
    ----------
    nuclei : CellMap
        The nuclei.
    cells : (H, W) int
        The cells of the same image; any numbers, 0 for none.
    """
    where = nuclei.labels != 0
    row = np.searchsorted(nuclei.ids, nuclei.labels[where])
    numbers, cell = np.unique(cells[where], return_inverse=True)
    # How many pixels each nucleus shares with each cell.
    shared, pixels = np.unique(row * len(numbers) + cell, return_counts=True)
    found = np.full(len(nuclei), _NONE, dtype=np.int64)
    by_size = np.argsort(pixels, kind="stable")  # the largest share is written last, and stays
    found[shared[by_size] // len(numbers)] = numbers[shared[by_size] % len(numbers)]
    return found


def pair_nuclei(nuclei: CellMap, *, gap: float = GAP, alike: float = ALIKE) -> NDArray[np.int64]:
    """Return the cell of each nucleus (N,), where cells are pairs of nuclei or single nuclei.

    Two nuclei are a pair if they are mutual nearest neighbours with close outlines and similar areas.

    Parameters
    ----------
    nuclei : CellMap
        The nuclei.
    gap : float
        Maximum distance between their outlines, in mean diameters of the two; 0: they touch.
    alike : float
        Minimum ratio of their areas, smaller over larger.

    Returns
    -------
    (N,) int64
        The number of a cell is that of its first nucleus. A single nucleus cut by the edge of the image may have a
        partner outside: 0, its cell is unknown.
    """
    cells = np.where(nuclei.at_border, _NONE, nuclei.ids)
    pairs, apart = neighbours(nuclei, gap)
    mutual = _mutual(pairs, apart, nuclei)
    first, second = pairs[mutual].T
    areas = nuclei.areas
    similar = np.minimum(areas[first], areas[second]) >= alike * np.maximum(areas[first], areas[second])
    first, second = first[similar], second[similar]
    cells[first] = cells[second] = nuclei.ids[first]
    return cells


def as_labels(nuclei: CellMap, cells: NDArray[np.int64]) -> Labels:
    """Return the nuclei as a label image (H, W) of the cells they belong to, for a person to correct."""
    number = np.concatenate([[0], cells]).astype(np.int32)
    row = np.searchsorted(nuclei.ids, nuclei.labels) + 1
    labels: Labels = np.where(nuclei.labels != 0, number[np.minimum(row, len(cells))], 0).astype(np.int32)
    return labels


def neighbours(nuclei: CellMap, gap: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the pairs of nuclei whose outlines are close.

    Parameters
    ----------
    nuclei : CellMap
    gap : float
        Maximum distance in mean diameters of the two, as in `pair_nuclei`.

    Returns
    -------
    pairs : (P, 2) int64
        Rows of `nuclei`, ascending in each pair.
    apart : (P,) float64
        Pixels between the outlines; 0 where they touch.
    """
    pairs = _candidates(nuclei, gap)
    outlines = _outlines(nuclei)
    trees = {int(row): cKDTree(outlines[row]) for row in np.unique(pairs[:, 1])}
    gaps = [trees[second].query(outlines[first])[0].min() for first, second in pairs.tolist()]
    apart = np.maximum(np.array(gaps, dtype=np.float64) - 1, 0)  # adjacent pixels are 0 apart
    near = apart <= gap * nuclei.diameters[pairs].mean(axis=1)
    return pairs[near], apart[near]


def _candidates(nuclei: CellMap, gap: float) -> NDArray[np.int64]:
    """Return the pairs (P, 2) whose boxes are close enough for the outlines to be."""
    if len(nuclei) < 2:
        return np.empty((0, 2), dtype=np.int64)
    spans = nuclei.boxes[:, 2:] - nuclei.boxes[:, :2]
    reach = np.hypot(*spans.T).max() * (1 + gap)
    pairs = cKDTree(nuclei.centres).query_pairs(reach, output_type="ndarray").astype(np.int64).reshape(-1, 2)
    first, second = nuclei.boxes[pairs[:, 0]], nuclei.boxes[pairs[:, 1]]
    between = np.maximum(first[:, :2] - second[:, 2:], second[:, :2] - first[:, 2:]).clip(min=0)
    near = np.hypot(*between.T) <= gap * nuclei.diameters[pairs].mean(axis=1)
    return np.sort(pairs[near], axis=1)


def _outlines(nuclei: CellMap) -> list[NDArray[np.int64]]:
    """Return the outermost pixels of each nucleus as y, x: (P, 2)."""
    edges = find_boundaries(np.pad(nuclei.labels, 1), mode="inner", background=0)[1:-1, 1:-1]
    y, x = np.nonzero(edges)
    row = np.searchsorted(nuclei.ids, nuclei.labels[y, x])
    order = np.argsort(row, kind="stable")
    ends = np.cumsum(np.bincount(row, minlength=len(nuclei)))[:-1]
    return np.split(np.stack([y, x], axis=1)[order], ends)


def _mutual(pairs: NDArray[np.int64], apart: NDArray[np.float64], nuclei: CellMap) -> NDArray[np.int64]:
    """Return which rows of `pairs` are mutual nearest neighbours; ties between touching nuclei go by their centres."""
    way = np.linalg.norm(nuclei.centres[pairs[:, 0]] - nuclei.centres[pairs[:, 1]], axis=1)
    rank = np.empty(len(pairs), dtype=np.int64)
    rank[np.lexsort((way, apart))] = np.arange(len(pairs))
    best = np.full(len(nuclei), len(pairs), dtype=np.int64)
    np.minimum.at(best, pairs, rank[:, None])
    mutual: NDArray[np.int64] = np.flatnonzero((best[pairs] == rank[:, None]).all(axis=1))
    return mutual
