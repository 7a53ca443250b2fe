"""What stands for a box in a layer: a rectangle, with cut corners where the cell is unsure, or a point."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer, Points, Shapes
from numpy.typing import NDArray

from napari_hemalens.records.detections import Detections

EDGE = np.float32(0.5)
"""napari puts pixel 0 from -0.5 to 0.5; our pixel 0 goes from 0 to 1."""

SURE, UNSURE = "rectangle", "polygon"
"""What napari calls the two outlines."""

SURE_POINT, UNSURE_POINT = "disc", "cross"
"""The symbols of cells that are shown as points."""

_CUT = 0.3  # of each side: what is left is neither a rectangle nor a circle
_BOX_SHARE = 1 / 15  # line width as a share of the side of a box: thin, yet seen when zoomed out
_EIGHT = 8  # corners


def corners(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return boxes (N, 4) as rectangles (N, 4, 2), the way that Shapes draws them."""
    return (boxes[:, [[0, 1], [0, 3], [2, 3], [2, 1]]] - EDGE).astype(np.float32)


def cut_corners(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return boxes (N, 4) as octagons (N, 8, 2) that fill them."""
    y0, x0, y1, x1 = boxes.T
    y, x = _CUT * (y1 - y0), _CUT * (x1 - x0)
    down = [y0, y0, y0 + y, y1 - y, y1, y1, y1 - y, y0 + y]
    right = [x0 + x, x1 - x, x1, x1, x1 - x, x0 + x, x0, x0]
    return (np.stack([down, right], axis=-1).transpose(1, 0, 2) - EDGE).astype(np.float32)


def outlines(boxes: NDArray[np.float32], unsure: NDArray[np.bool_]) -> tuple[Sequence[NDArray[np.float32]], list[str]]:
    """Return the outline of each box (N, 4), and what napari calls it; those of `unsure` cells (N,) are cut."""
    cut = iter(cut_corners(boxes[unsure]))
    shapes = [next(cut) if strange else rectangle for rectangle, strange in zip(corners(boxes), unsure, strict=True)]
    return shapes, np.where(unsure, UNSURE, SURE).tolist()


def points(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the centres of boxes (N, 4) where Points draws them: shape (N, 2)."""
    return ((boxes[:, :2] + boxes[:, 2:]) / 2 - EDGE).astype(np.float32)


def sides(boxes: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return the features that make a point a box again."""
    return {"height": boxes[:, 2] - boxes[:, 0], "width": boxes[:, 3] - boxes[:, 1]}


def boxes_of(layer: Layer) -> NDArray[np.float32]:
    """Return the box around each shape, or around each point by its height and width: shape (N, 4)."""
    if isinstance(layer, Points):
        half = np.stack([layer.features[side].to_numpy(np.float32) for side in ("height", "width")], axis=1) / 2
        centres = np.asarray(layer.data, dtype=np.float32)[:, -2:] + EDGE
        return np.concatenate([centres - half, centres + half], axis=1)
    return bounds_of(layer.data)


def bounds_of(shapes: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    """Return the box around each of some shapes (M, 2), as Shapes draws them: (N, 4)."""
    if not len(shapes):
        return np.zeros((0, 4), dtype=np.float32)
    vertices = np.concatenate(shapes)[:, -2:].astype(np.float32) + EDGE
    starts = np.cumsum([0, *map(len, shapes[:-1])])
    near, far = (bound.reduceat(vertices, starts) for bound in (np.minimum, np.maximum))
    return np.concatenate([near, far], axis=1)


def box_side(boxes: NDArray[np.float32]) -> float:
    """Return the side of a typical box in pixels; 48 where there is none."""
    if len(boxes) == 0:
        return 48.0
    return float(np.median(boxes[:, 2:] - boxes[:, :2]))


def line_width(boxes: NDArray[np.float32]) -> float:
    """Return a line width in pixels that suits boxes of this size."""
    return max(1.0, round(box_side(boxes) * _BOX_SHARE, 1))


def point_size(boxes: NDArray[np.float32]) -> float:
    """Return a diameter in pixels that leaves cells of this size visible."""
    return box_side(boxes) / 3


def point_symbols(detections: Detections) -> NDArray[np.str_]:
    """Return what napari calls the symbol of each cell (N,)."""
    return np.where(detections.unsure, UNSURE_POINT, SURE_POINT)


def are_cut(layer: Shapes) -> NDArray[np.bool_]:
    """Return which boxes of a layer have cut corners: shape (N,)."""
    cut = [kind == UNSURE and len(shape) == _EIGHT for kind, shape in zip(layer.shape_type, layer.data, strict=True)]
    return np.array(cut, dtype=np.bool_)


def reshape(layer: Shapes, index: int, box: NDArray[np.float32], *, unsure: bool) -> None:
    """Give one box of a layer the other outline, in its place: it stays selected, and the others untouched."""
    (shape,), (kind,) = outlines(box[None], np.array([unsure]))
    view: Any = layer._data_view
    view.edit(index, shape, new_type=kind)
    layer.refresh(extent=False, thumbnail=False)
