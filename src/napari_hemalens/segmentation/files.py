"""Files of a segmentation: label images, the image with outlines, a table of cells."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from skimage.segmentation import find_boundaries

from napari_hemalens.atomic import writing
from napari_hemalens.formats.naming import short_names
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.segmentation.record import CellMeasures, Segmentation
from napari_hemalens.segmentation.shapes import Labels
from napari_hemalens.slides.slide import Slide

_MOST = 65_535  # largest 16-bit id
_CELL = (0, 150, 60)  # green: visible on pink and purple
_NUCLEUS = (255, 215, 0)  # gold: visible on purple and on black

_COLUMNS = (
    *("image", "kind", "cell", "area", "area_um2", "centroid_y", "centroid_x"),
    *("nucleus_area", "nucleus_area_um2", "pixel_size_um"),
)


def write_images(slide: Slide, segmentation: Segmentation, out: Path, stem: str) -> None:
    """Write `<stem>.labels.tif`, for smears `<stem>.nuclei.tif`, and `<stem>.outline.png` to a folder."""
    size = segmentation.provenance.pixel_size_um
    write_labels(segmentation.labels, out / f"{stem}.labels.tif", pixel_size_um=size)
    if segmentation.nuclei is not None:
        write_labels(segmentation.nuclei, out / f"{stem}.nuclei.tif", pixel_size_um=size)
    picture = draw_outlines(slide.read(*segmentation.region), segmentation)
    with writing(out / f"{stem}.outline.png") as path:
        Image.fromarray(picture).save(path)


def write_labels(labels: Labels, path: str | Path, *, pixel_size_um: float | None = None) -> None:
    """Write labels as TIFF: 16 bits per pixel, or 32 where ids need them."""
    known: dict[str, Any] = {}
    if pixel_size_um is not None:
        known = {"resolution": (1e4 / pixel_size_um,) * 2, "resolutionunit": "CENTIMETER"}
    values = labels.astype(np.uint16 if labels.max(initial=0) <= _MOST else np.uint32)
    with writing(path) as temporary:
        tifffile.imwrite(temporary, values, compression="zlib", photometric="minisblack", **known)


def draw_outlines(rgb: NDArray[np.uint8], segmentation: Segmentation) -> NDArray[np.uint8]:
    """Return the image (H, W, 3) with the outlines of cells and nuclei."""
    picture = rgb.copy()
    width = max(1, round(min(rgb.shape[:2]) / 700))
    alone = segmentation.nuclei is None
    _draw(picture, segmentation.labels, _NUCLEUS if alone else _CELL, width)
    if segmentation.nuclei is not None:
        _draw(picture, segmentation.nuclei, _NUCLEUS, width)
    return picture


def measures_rows(fields: Sequence[CellMeasures]) -> list[dict[str, Any]]:
    """Return one row per cell, by column.

    `cell` is its value in the label image. Centroids are in pixels from the image's corner, areas in pixels and, where
    the pixel size is known, in square micrometres. Unknown values are None.
    """
    rows: list[dict[str, Any]] = []
    for image, cells in zip(short_names(fields), fields, strict=True):
        rows += _image_rows(image, cells)
    return rows


def write_measures(fields: Sequence[CellMeasures], path: str | Path) -> None:
    """Write the rows of `measures_rows` as CSV. An image without cells has no row."""
    write_csv(path, _COLUMNS, (row.values() for row in measures_rows(fields)))


def _image_rows(image: str, cells: CellMeasures) -> list[dict[str, Any]]:
    pixel = cells.provenance.pixel_size_um
    kind = cells.provenance.recipe.get("kind")
    nuclear = [None] * len(cells) if cells.nucleus_areas is None else cells.nucleus_areas.tolist()
    columns = zip(cells.ids.tolist(), cells.areas.tolist(), cells.centres.tolist(), nuclear, strict=True)
    rows = []
    for cell, area, (y, x), nucleus in columns:
        values = (area, _um2(area, pixel), round(y, 2), round(x, 2), nucleus, _um2(nucleus, pixel), pixel)
        rows.append(dict(zip(_COLUMNS, (image, kind, cell, *values), strict=True)))
    return rows


def _um2(area: int | None, pixel: float | None) -> float | None:
    return None if area is None or pixel is None else round(area * pixel**2, 2)


def _draw(picture: NDArray[np.uint8], labels: Labels, colour: tuple[int, int, int], width: int) -> None:
    """Draw outlines, `width` pixels wide and just inside each body, into a picture."""
    inside = labels
    for _ in range(width):
        edge = find_boundaries(inside, mode="inner", background=0)
        picture[edge] = colour
        inside = np.where(edge, 0, inside)
