"""Test-time augmentation: a cell turned or mirrored is the same cell, so that it can be looked at more than once."""

from collections.abc import Iterator

from torch import Tensor

_ROWS, _COLUMNS = 2, 3
_MIRRORED = ((_COLUMNS,), (_ROWS,), (_ROWS, _COLUMNS))


def other_views(crops: Tensor, views: int) -> Iterator[Tensor]:
    """Yield crops (N, C, side, side) in all but one of so many ways round: not as they are.

    Parameters
    ----------
    crops : (N, C, side, side) Tensor
        Square, since a quarter turn has to have the same shape.
    views : int
        2: mirrored. 4: also upside down, and both. 8: also each of these, and the crop itself, on its side. 1: none.
    """
    for axes in _MIRRORED[: views - 1]:
        yield crops.flip(axes)
    if views > 4:
        on_its_side = crops.transpose(_ROWS, _COLUMNS)
        yield on_its_side
        for axes in _MIRRORED:
            yield on_its_side.flip(axes)
