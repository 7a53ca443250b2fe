"""Heatmaps of cells as pictures: one cell by several methods, and a gallery of the most and least certain cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_hemalens.figures.heat_scale import scaled_to_drawn
from napari_hemalens.figures.sheet import GAP, SEAM, Block, Sheet
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.explained import Explained

COLOURS = "inferno"
"""Colour map of heatmaps: perceptually uniform, also in grey and for colour-blind viewers."""

OPAQUE = 0.8
"""Opacity of a heatmap where it is 1."""


@dataclass(frozen=True, slots=True)
class Style:
    """Colours of a picture.

    Attributes
    ----------
    ink : str
        Colour of the text.
    ground : str or None
        Colour of the background; None: transparent.
    opaque : float
        Opacity of a heatmap where it is 1.
    """

    ink: str = "black"
    ground: str | None = "white"
    opaque: float = OPAQUE


PRINTED = Style()
"""For paper."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """Cells side by side.

    Attributes
    ----------
    picture : Image
        The picture.
    places : mapping of int to (int, int, int, int)
        Position of each cell, by its number: x0, y0, x1, y1 in pixels of the picture; the far edge is excluded.
    """

    picture: Image.Image
    places: Mapping[int, tuple[int, int, int, int]]

    def cell_at(self, x: float, y: float) -> int | None:
        """Return the number of the cell at a position in the picture, or None."""
        inside = (n for n, (x0, y0, x1, y1) in self.places.items() if x0 <= x < x1 and y0 <= y < y1)
        return next(inside, None)


def heatmap_colours() -> NDArray[np.float64]:
    """Return the colour map (256, 4) as RGBA in 0-1, from transparent at 0 to opaque at 1.

    With additive blending, a heatmap would be invisible on the bright background of a stained smear.
    """
    import matplotlib as mpl  # noqa: PLC0415 -- half a second to import

    colours: NDArray[np.float64] = mpl.colormaps[COLOURS](np.linspace(0, 1, 256))
    colours[:, 3] = np.linspace(0, 1, 256)
    return colours


def overlay_heatmap(crop: NDArray[np.uint8], heatmap: NDArray[np.float32], opaque: float = OPAQUE) -> NDArray[np.uint8]:
    """Return crops (..., 3) in 0-255 blended with their heatmaps (...) in 0-1; `opaque` is the opacity at 1."""
    colours = _colours()[(heatmap * 255).round().astype(np.uint8)]
    share = opaque * colours[..., 3:]
    mixed: NDArray[np.float32] = (1 - share) * crop + share * 255 * colours[..., :3]
    return mixed.round().astype(np.uint8)


def extremes(cells: Classified, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the n most and the n least certain cells, most extreme first; half each if there are few."""
    order = np.argsort(cells.entropy, kind="stable")
    return order[: min(n, (len(order) + 1) // 2)], order[::-1][: min(n, len(order) // 2)]


def cell_picture(
    results: Sequence[Explained],
    number: int,
    *,
    titles: Sequence[str] = (),
    width: int = 640,
    style: Style = PRINTED,
) -> Image.Image:
    """Return a picture of one cell: what the network saw, then its heatmap by each method, with captions.

    Parameters
    ----------
    results : sequence of Explained
        One per method, all of the same image.
    number : int
        The cell. A method that has no heatmap of it leaves its tile empty.
    titles : sequence of str
        Titles of the methods; by default their names.
    width : int
        Width of the picture, in pixels.
    style : Style
        Colours.
    """
    sheet = Sheet(width, style.ink, style.ground)
    words = ("seen", *(titles or [each.method for each in results]))
    columns = min(len(words), 3)
    tile = (width - (columns - 1) * GAP) // columns
    tiles = _tiles(results, number, tile, style.opaque)
    for start in range(0, len(words), columns):
        named = zip(tiles[start : start + columns], words[start : start + columns], strict=True)
        sheet.row([Block([each], [word], tile) for each, word in named], wrapped=True)
    return sheet.picture()


def gallery(  # noqa: PLR0913 -- public: options that scripts give by name
    results: Sequence[Explained],
    n: int = 8,
    *,
    titles: Sequence[str] = (),
    tile: int = 96,
    width: int = 1200,
    style: Style = PRINTED,
    words: str = "",
) -> Gallery:
    """Return a picture of the n most and the n least certain cells: what the network saw, and the heatmaps.

    Each cell is captioned with its number, its class and the probability of that class.

    Parameters
    ----------
    results : sequence of Explained
        One per method, all of the same image; the cells are those of the first.
    n : int
        Number of cells in each half.
    titles : sequence of str
        Titles of the methods; by default their names.
    tile, width : int
        Width of a crop and of the picture, in pixels.
    style : Style
        Colours.
    words : str
        Footer: where the picture comes from.
    """
    cells = results[0].cells
    sheet, places = Sheet(width, style.ink, style.ground), dict[int, tuple[int, int, int, int]]()
    tile = min(tile, (width + SEAM) // (1 + len(results)) - SEAM)
    wide = (tile + SEAM) * (1 + len(results)) - SEAM
    columns = max(1, (width + GAP) // (wide + GAP))
    sheet.line("From the left: seen, " + ", ".join(titles or [each.method for each in results]))
    for title, rows in zip(("Most certain", "Least certain"), extremes(cells, n), strict=True):
        if len(rows):
            sheet.line(title, large=True)
        for start in range(0, len(rows), columns):
            line = rows[start : start + columns]
            taken = sheet.row([_block(results, int(row), tile, style.opaque) for row in line])
            places |= dict(zip(cells.ids[line].tolist(), taken, strict=True))
    if words:
        sheet.line(words)
    return Gallery(sheet.picture(), places)


def _block(results: Sequence[Explained], row: int, tile: int, opaque: float) -> Block:
    cells = results[0].cells
    number, name = int(cells.ids[row]), str(cells.class_names[row]).replace("_", " ")
    share = float(cells.probabilities[row, cells.classes[row]])
    caption = [f"{number}: {name} {share:.2f}"] if len(results) > 1 else [name, f"{number}: {share:.2f}"]
    return Block(_tiles(results, number, tile, opaque), caption, tile)


def _tiles(results: Sequence[Explained], number: int, side: int, opaque: float) -> list[NDArray[np.uint8] | None]:
    """Return the crop of a cell, then its heatmap by each method; None where a method has none."""
    crop: NDArray[np.uint8] | None = None
    heatmaps: list[NDArray[np.uint8] | None] = []
    for each in results:
        row = np.flatnonzero(each.cells.ids == number)
        if not len(row):
            heatmaps.append(None)
            continue
        seen, heatmap = each.crops[row[0]], each.crop_heatmaps[row[0]]
        crop = resize_square(seen, side)
        drawn = scaled_to_drawn(each.method, heatmap)
        heatmaps.append(overlay_heatmap(crop, resize_square(drawn, side), opaque))
    return [crop, *heatmaps]


def resize_square(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    """Return a square (s, s) float32 or (s, s, 3) uint8 `side` pixels wide."""
    if pixels.shape[0] == side:
        return pixels
    picture = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(picture).clip(0, 1 if pixels.dtype.kind == "f" else 255).astype(pixels.dtype)


@cache
def _colours() -> NDArray[np.float32]:
    return heatmap_colours().astype(np.float32)
