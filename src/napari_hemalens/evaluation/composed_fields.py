"""Large fields composed of annotated tiles: as crowded as marrow, with every cell known.

Public sets show single cells with their neighbours; Wang et al. 2021 count fields of 2,560 x 1,920 pixels. A field here
is a grid of square windows, each cut around a nucleated cell of a tile drawn at random: the smaller the windows, the
more crowded the field. Windows rather than whole tiles, since a tile holds one nucleated cell; rather than cells pasted
onto a ground, since an outline that a paste leaves is one more thing for a network to find. Windows meet at hard seams,
as in the mosaics that detectors are trained on (`datasets.TrainingFields`; seven of ten images that `marrow-lite` was
trained on are such): a network that has never seen a seam would do worse on them.

A cell that a window cuts is treated as there: mostly inside, it is clipped and counts; else it is not expected. Its
piece is still visible, so that a detection there is neither right nor wrong and left out (`judge_cells`), as COCO
ignores what lies in a crowd.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import TrainingError
from napari_hemalens.evaluation.detection_metrics import box_iou
from napari_hemalens.evaluation.selection import FieldSeries
from napari_hemalens.formats.images import read_rgb
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import cell_class

_VISIBLE = 0.5  # share of a box that must lie in the window
_OFF = 0.1  # how far from the middle of its window a cell may lie, in sides
_FOUND = 0.5  # IoU from which on a box is that of a cell
_INSIDE = 0.5  # share of a box that lies on the piece of a cell, of what is left out


@dataclass(frozen=True, slots=True, eq=False)
class ComposedField:
    """A field and what is known of it.

    Attributes
    ----------
    pixels : (H, W, 3) uint8
        Height and width are multiples of the windows' side.
    truth : Detections
        Its cells, with scores of 1.
    pieces : (K, 4) float32
        What is to be seen of cells that windows cut off by half or more: y0, x0, y1, x1 in pixels.
    """

    pixels: NDArray[np.uint8]
    truth: Detections
    pieces: NDArray[np.float32]


def compose_field(
    tiles: Sequence[Detections], series: FieldSeries, *, side: int, number: int = 0, largest: int | None = None
) -> ComposedField:
    """Compose one field of a series.

    Parameters
    ----------
    tiles : sequence of Detections
        Annotated images of one scale; those without a nucleated cell that fits a window are passed over.
    series : FieldSeries
        Seed and shape.
    side : int
        Side of a window in pixels; there is about one nucleated cell in each.
    number : int
        Index of the field in the series, which shows no tile twice before it has shown all.
    largest : int, optional
        Longest side of a nucleated cell that a window is cut around, in pixels; by default that of the window. Fields
        of different windows hold the same kinds of cells only if it is the same.

    Raises
    ------
    TrainingError
        If no tile has such a cell, or is large enough for a window.
    """
    limit = side if largest is None else min(side, largest)
    crowd = [tile for tile in tiles if _fitting(tile, limit).any() and min(tile.image_shape) >= side]
    rows, columns = series.shape[0] // side, series.shape[1] // side
    if not crowd or not rows * columns:
        raise TrainingError(
            f"No tile with a nucleated cell of up to {limit} px holds a window of {side} px, or the field does not."
        )
    order, rng = (
        np.random.default_rng(series.seed).permutation(len(crowd)),
        np.random.default_rng([series.seed, number]),
    )
    pixels = np.empty((rows * side, columns * side, 3), dtype=np.uint8)
    boxes, classes, pieces = [], [], []
    for place in range(rows * columns):
        corner = top, left = side * (place // columns), side * (place % columns)
        tile = crowd[order[(number * rows * columns + place) % len(crowd)]]
        y0, x0 = _corner(tile, side, limit, rng)
        cut = read_rgb(tile.provenance.image)[y0 : y0 + side, x0 : x0 + side]
        pixels[top : top + side, left : left + side] = cut
        seen, rest, inside = _seen(tile.boxes - np.array([y0, x0] * 2, dtype=np.float32), side)
        inside += np.array(corner * 2, dtype=np.float32)
        boxes.append(inside[seen])
        classes.append(tile.classes[seen])
        pieces.append(inside[rest])
    found = np.concatenate(boxes)
    truth = Detections.from_arrays(
        found,
        np.ones(len(found)),
        np.concatenate(classes),
        names=crowd[0].names,
        recognised=crowd[0].recognised,
        image_shape=pixels.shape[:2],
        provenance=Provenance(
            image=f"field {number} of seed {series.seed}, {side} px", pixel_size_um=crowd[0].provenance.pixel_size_um
        ),
    )
    return ComposedField(pixels, truth, np.concatenate(pieces))


def judge_cells(found: Detections, field: ComposedField) -> Detections:
    """Return the cells found that are right or wrong: without those that are pieces of cells.

    The rule is COCO's for crowds: what is no cell of the truth, of whatever class, and lies by half of its own area on
    a piece is left out.
    """
    known = box_iou(found.boxes, field.truth.boxes).max(axis=1, initial=0) >= _FOUND
    low = np.maximum(found.boxes[:, None, :2], field.pieces[None, :, :2])
    high = np.minimum(found.boxes[:, None, 2:], field.pieces[None, :, 2:])
    on_a_piece = (high - low).clip(min=0).prod(axis=2).max(axis=1, initial=0) >= _INSIDE * found.areas
    return found.take(known | ~on_a_piece)


def _fitting(cells: Detections, largest: int) -> NDArray[np.bool_]:
    """Return which cells are nucleated and no larger than so many pixels."""
    nucleated = np.array([cell_class(name).nucleated for name in cells.names] or [False], dtype=np.bool_)
    fits: NDArray[np.bool_] = (cells.boxes[:, 2:] - cells.boxes[:, :2]).max(axis=1, initial=0) <= largest
    return nucleated[cells.classes] & fits


def _corner(tile: Detections, side: int, largest: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return the corner of a window of the tile around one of its nucleated cells, near the middle."""
    centres = tile.centres[_fitting(tile, largest)]
    wanted = centres[int(rng.integers(len(centres)))] - side / 2 + side * rng.uniform(-_OFF, _OFF, 2)
    y0, x0 = np.clip(wanted.round(), 0, np.array(tile.image_shape) - side).astype(int)
    return int(y0), int(x0)


def _seen(boxes: NDArray[np.float32], side: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float32]]:
    """Return which boxes of a window are cells there, which are pieces, and all of them, clipped."""
    clipped = boxes.clip(0, side)
    areas, whole = ((b[:, 2:] - b[:, :2]).clip(min=0).prod(axis=1) for b in (clipped, boxes))
    seen: NDArray[np.bool_] = areas > _VISIBLE * whole
    return seen, ~seen & (areas > 0), clipped
