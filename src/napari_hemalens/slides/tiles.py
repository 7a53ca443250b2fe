"""Cutting an image into overlapping tiles, and which tile owns which pixel."""

from dataclasses import dataclass
from itertools import pairwise, product

from napari_hemalens.errors import RecipeError


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle to read, and its core, whose cells are kept.

    Attributes
    ----------
    y0, x0, y1, x1 : int
        The rectangle, in pixels; the far edge is excluded.
    core : (int, int, int, int)
        The part that the tile owns, in the same coordinates. Cores partition the image.
    """

    y0: int
    x0: int
    y1: int
    x1: int
    core: tuple[int, int, int, int]


def plan(shape: tuple[int, int], *, tile: int, overlap: int, align: int = 1) -> tuple[Tile, ...]:
    """Cut an image into as few tiles as cover it, row by row, all alike and no longer than that takes.

    Parameters
    ----------
    shape : (int, int)
        Height and width, in pixels.
    tile : int
        Longest side of a tile. The last of a row or column is shifted back inside, and shorter by less
        than `align` if its start would be off the grid.
    overlap : int
        Minimum overlap of neighbours. The border between their cores runs halfway, so that every
        pixel has at least half the overlap around it, or the edge of the image.
    align : int
        Tiles start at multiples of this, so that a network with strides sees the same grid as in
        the whole image. May increase the overlap.

    Raises
    ------
    RecipeError
        If the overlap is negative or too large for the tiles.
    """
    if align < 1 or overlap < 0 or tile - overlap < align:
        raise RecipeError(
            f"Tiles of {tile} px, at multiples of {align} px, cannot overlap by {overlap} px: "
            f"it has to lie in 0 to {tile - max(align, 1)} px."
        )
    stride = (tile - overlap) // align * align
    rows, columns = (_spans(length, tile, stride, align) for length in shape)
    return tuple(Tile(y[0], x[0], y[1], x[1], core=(y[2], x[2], y[3], x[3])) for y, x in product(rows, columns))


def _spans(length: int, tile: int, stride: int, align: int) -> list[tuple[int, int, int, int]]:
    """Return start, end, core start and core end of each tile along one axis."""
    shared = tile - stride
    number = -(-max(length - shared, 1) // stride)
    stride = -(-max(length - shared, 1) // (number * align)) * align  # evenly, and still on the grid
    tile = stride + shared
    last = (
        -(-max(length - tile, 0) // align) * align
    )  # rounded up to the grid, so that the tile may be a little shorter
    starts = [*range(0, last, stride), last]
    ends = [min(start + tile, length) for start in starts]
    borders = [
        0,
        *((end + start) // 2 for end, start in zip(ends, starts[1:], strict=False)),
        length,
    ]
    return [
        (start, end, core0, core1) for start, end, (core0, core1) in zip(starts, ends, pairwise(borders), strict=True)
    ]
