"""Large fields put together from annotated tiles: crowded as marrow is, and every cell known.

Public sets show single cells with their neighbours; Wang et al. 2021 count fields of 2,560 x 1,920 pixels. A field here
is a grid of square windows, each cut around a nucleated cell of a tile drawn at random: the smaller the windows, the
more crowded the field. Windows meet at hard seams, as in the mosaics that detectors are trained on
(`datasets.TrainingFields`), and a cell that a window cuts is treated as there: mostly inside, it is clipped and counts;
else it is no cell, and what is found of it counts as wrong.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.cells import Detections, Provenance
from napari_hemalens.errors import TrainingError
from napari_hemalens.taxonomy import cell_class
from napari_hemalens.training.datasets import read_rgb

SHAPE = (1920, 2560)
_VISIBLE = 0.5  # share of a box that must lie in the window
_OFF = 0.1  # how far from the middle of its window a cell may lie, in sides


def composed(
    tiles: Sequence[Detections], *, side: int, seed: int, shape: tuple[int, int] = SHAPE
) -> tuple[NDArray[np.uint8], Detections]:
    """Compose a field.

    Parameters
    ----------
    tiles : sequence of Detections
        Annotated images of one scale; those without a nucleated cell that a window can hold are passed over.
    side : int
        Of a window in pixels; there is about one nucleated cell in each.
    seed : int
        Of every choice: the same field for the same seed.
    shape : (int, int)
        Height and width of the field in pixels; what windows do not fill is left away.

    Returns
    -------
    pixels : (H, W, 3) uint8
        Height and width are multiples of `side`.
    truth : Detections
        Its cells, with scores of 1.

    Raises
    ------
    TrainingError
        If no tile has a nucleated cell, or is large enough for a window.
    """
    rng = np.random.default_rng(seed)
    crowd = [tile for tile in tiles if _fitting(tile, side).any() and min(tile.image_shape) >= side]
    rows, columns = shape[0] // side, shape[1] // side
    if not crowd or not rows * columns:
        raise TrainingError(f"No tile with a nucleated cell holds a window of {side} px, or the field does not.")
    pixels = np.empty((rows * side, columns * side, 3), dtype=np.uint8)
    boxes, classes = [], []
    for place in range(rows * columns):
        top, left = (side * n for n in divmod(place, columns))
        tile = crowd[int(rng.integers(len(crowd)))]
        y0, x0 = _corner(tile, side, rng)
        pixels[top : top + side, left : left + side] = read_rgb(tile)[:, y0 : y0 + side, x0 : x0 + side].permute(
            1, 2, 0
        )
        seen, inside = _seen(tile.boxes - np.array([y0, x0] * 2, dtype=np.float32), side)
        boxes.append(inside + np.array([top, left] * 2, dtype=np.float32))
        classes.append(tile.classes[seen])
    found = np.concatenate(boxes)
    truth = Detections.from_arrays(
        found,
        np.ones(len(found)),
        np.concatenate(classes),
        names=crowd[0].names,
        recognised=crowd[0].recognised,
        image_shape=pixels.shape[:2],
        provenance=Provenance(image=f"field {seed}, {side} px", pixel_size_um=crowd[0].provenance.pixel_size_um),
    )
    return pixels, truth


def renamed(tiles: Sequence[Detections], names: Sequence[str]) -> tuple[Detections, ...]:
    """Return tiles whose classes have one order, that of `names`."""
    index = {name: k for k, name in enumerate(names)}
    order = [np.array([index[name] for name in tile.names], dtype=np.int64) for tile in tiles]
    return tuple(
        replace(tile, classes=to[tile.classes], names=tuple(names)) for tile, to in zip(tiles, order, strict=True)
    )


def _fitting(cells: Detections, side: int) -> NDArray[np.bool_]:
    """Return which cells are nucleated and no larger than a window."""
    nucleated = np.array([cell_class(name).nucleated for name in cells.names] or [False], dtype=np.bool_)
    fits: NDArray[np.bool_] = (cells.boxes[:, 2:] - cells.boxes[:, :2]).max(axis=1, initial=0) <= side
    return nucleated[cells.classes] & fits


def _corner(tile: Detections, side: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return the corner of a window of the tile around one of its nucleated cells, near the middle."""
    centres = tile.centres[_fitting(tile, side)]
    wanted = centres[int(rng.integers(len(centres)))] - side / 2 + side * rng.uniform(-_OFF, _OFF, 2)
    y0, x0 = np.clip(wanted.round(), 0, np.array(tile.image_shape) - side).astype(int)
    return int(y0), int(x0)


def _seen(boxes: NDArray[np.float32], side: int) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return which boxes of a window are cells there, and those, clipped."""
    clipped = boxes.clip(0, side)
    areas, whole = ((b[:, 2:] - b[:, :2]).clip(min=0).prod(axis=1) for b in (clipped, boxes))
    seen: NDArray[np.bool_] = areas > _VISIBLE * whole
    return seen, clipped[seen]
