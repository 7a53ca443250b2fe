"""Heatmaps in files: TIFF in the image's frame, and a picture of them on the cells."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from napari_hemalens.atomic import writing
from napari_hemalens.figures.classes import class_picture
from napari_hemalens.figures.heat_scale import drawn_as_hottest
from napari_hemalens.figures.heatmaps import heatmap_colours, overlay_heatmap
from napari_hemalens.records.explained import Explained
from napari_hemalens.slides.slide import Slide

_TILE = 512


def write_heatmap(explained: Explained, path: str | Path) -> None:
    """Write the heatmap of an image as TIFF, float32 in 0-1, with the image's pixel size; tile by tile."""
    size = explained.provenance.pixel_size_um
    known: dict[str, Any] = {}
    if size is not None:
        known = {"resolution": (1e4 / size,) * 2, "resolutionunit": "CENTIMETER"}
    with writing(path) as temporary:
        tifffile.imwrite(
            temporary,
            _tiles(explained.heatmap),
            shape=explained.heatmap.shape,
            dtype=np.float32,
            tile=(_TILE, _TILE),
            compression="zlib",
            photometric="minisblack",
            **known,
        )


def _tiles(heatmap: Any) -> Iterator[NDArray[np.float32]]:
    height, width = heatmap.shape
    for y in range(0, height, _TILE):
        for x in range(0, width, _TILE):
            tile = np.zeros((_TILE, _TILE), dtype=np.float32)
            seen = heatmap[y : y + _TILE, x : x + _TILE]
            tile[: seen.shape[0], : seen.shape[1]] = seen
            yield tile


def heatmap_picture(slide: Slide, labels: NDArray[Any], explained: Explained, *, longest: int = 4000) -> Image.Image:
    """Return a picture of the slide with the heatmap on its cells, each outlined in the colour of its class.

    Parameters
    ----------
    slide : Slide
        The image.
    labels : (H, W) int
        Its cells; those that were not explained have no outline.
    explained : Explained
        The heatmap: the hotter, the less is seen of the image. Colours end at `drawn_as_hottest`, which the legend
        says.
    longest : int
        Pixels of the longer side.
    """
    below = np.asarray(class_picture(slide, labels, explained.cells, longest=longest, tint=0.0))
    rows, columns = (np.arange(n) * full // n for n, full in zip(below.shape[:2], explained.heatmap.shape, strict=True))
    lines = [explained.heatmap[int(row)][columns] for row in rows]  # numpy and zarr alike, a line at a time
    heatmap = np.stack(lines)
    hottest = drawn_as_hottest(explained.method, heatmap)
    picture = Image.fromarray(overlay_heatmap(below, np.minimum(heatmap / np.float32(hottest), np.float32(1))))
    _explain(picture, f"{explained.method}, {explained.target}, 0 to {hottest:.2g}")
    return picture


def _explain(picture: Image.Image, words: str) -> None:
    """Write method, class, and which values the colours go from and to, into the lower left corner."""
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(max(10, round(picture.height / 60)))
    _, _, right, bottom = (math.ceil(edge) for edge in draw.textbbox((10, 0), words, font=font))
    bar = Image.fromarray((255 * heatmap_colours()[None, :, :3]).round().astype(np.uint8))
    long, high = max(64, right - 10), max(4, bottom // 2)
    top = picture.height - bottom - high - 12
    draw.rectangle((4, top, 10 + long + 6, picture.height - 4), fill="black")
    draw.text((10, top), words, "white", font=font)
    picture.paste(bar.resize((long, high)), (10, top + bottom + 4))
