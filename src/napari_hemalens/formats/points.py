"""Centre points of nuclei: annotations of tissue in which cells lie too close for boxes.

A folder contains `images/` and, for each annotated image, `points/<name of the image>.csv` with the columns `x`, `y`
(the centre of the nucleus, in pixels of the image) and `class`: 1 or `nucleus`, 3 or `unsure`. Images without points
are skipped. A split such as `train` is a list `train.txt`: one image name per line, without suffix and optionally with
wildcards, as in `BM_GRAZ_HE_0001_*`.

A point has no size, and detectors learn boxes: each nucleus becomes a square of one diameter around its point,
`DIAMETER_PX` or the value of a column `diameter`. Unsure points are kept separately: they are not cells, and detections
there count as neither right nor wrong.

The bone-marrow set of Kainz et al. 2015 (You Should Use Regression to Detect Cells, MICCAI,
https://github.com/pkainz/MICCAI2015) has this layout: biopsies, haematoxylin and eosin, 1200 x 1200. Neither files nor
repository state a pixel size. Its nuclei are about 26 pixels wide; assuming 6.5 um for small round nuclei of marrow in
paraffin, a pixel is 0.25 um, the usual scale of a 40x objective. Since that is an assumption, it is not in the record:
pass it explicitly (`--pixel-size 0.25`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.draft import Draft, floats
from napari_hemalens.formats.images import IMAGE_SUFFIXES, header_size
from napari_hemalens.formats.tables import read_rows
from napari_hemalens.records.detections import Detections

NUCLEUS = "nucleus"
DIAMETER_PX = 26.0
"""Side of the box around a point: a nucleus of 6.5 um at 0.25 um per pixel."""

_UNSURE = "unsure"
_CLASSES = {"1": NUCLEUS, NUCLEUS: NUCLEUS, "3": _UNSURE, _UNSURE: _UNSURE}
_NEEDED = ("x", "y", "class")


@dataclass(frozen=True, slots=True, eq=False)
class PointField:
    """The points of one image.

    Attributes
    ----------
    nuclei : Detections
        A box around each nucleus, centred on the point unless cut by the edge of the image.
    centres : (N, 2) float32
        The points of nuclei as y, x in pixels, in the order of the file.
    unsure : (M, 2) float32
        Points of unsure class, as y, x in pixels.
    diameter : float
        Median diameter of a nucleus, in pixels.
    """

    nuclei: Detections
    centres: NDArray[np.float32]
    unsure: NDArray[np.float32]
    diameter: float


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find points there."""
    return (path / "points").is_dir() and (split is None or (path / f"{split}.txt").is_file())


def read(path: Path, *, split: str | None = None, diameter: float = DIAMETER_PX) -> tuple[Detections, ...]:
    """Read the nuclei of each image as boxes; unsure points are left out. See `read_fields`."""
    only = () if split is None else (split,)
    return tuple(field.nuclei for field in read_fields(path, only=only, diameter=diameter))


def read_fields(path: Path, *, only: Sequence[str] = (), diameter: float = DIAMETER_PX) -> tuple[PointField, ...]:
    """Read the points of a folder, one record per image that has a file of points.

    Parameters
    ----------
    path : Path
        A folder as described in this module.
    only : sequence of str
        Splits, or names of images as in their lists; empty: all images.
    diameter : float
        Side of a box in pixels, for points without a diameter.

    Raises
    ------
    AnnotationError
        If a file of points is not as described, or a name matches no image.
    """
    images = _marked_images(path)
    if not images:
        raise AnnotationError(f"{path} holds no image with points, which belong in points/<name of the image>.csv.")
    if only:
        images = _match_names(images, [name for part in only for name in _read_list(path, part)], path)
    return tuple(_field(image, path / "points" / f"{image.stem}.csv", diameter) for image in images)


def _marked_images(folder: Path) -> list[Path]:
    files = (file for file in (folder / "images").glob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
    return sorted(file for file in files if (folder / "points" / f"{file.stem}.csv").is_file())


def _read_list(folder: Path, part: str) -> list[str]:
    """Return the names listed for a split; anything that is not a split is itself a name."""
    file = folder / f"{part}.txt"
    if not file.is_file():
        return [part]
    return [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]


def _match_names(images: Sequence[Path], names: Sequence[str], folder: Path) -> list[Path]:
    """Return the images that match any name, in their own order."""
    kept = {name: [image for image in images if fnmatch(image.stem, name)] for name in names}
    idle = [name for name, fitting in kept.items() if not fitting]
    if idle:
        raise AnnotationError(
            f"No image with points in {folder} is called {idle[0]!r}, nor is there a list {idle[0]}.txt; an example "
            f"is {images[0].stem}."
        )
    return [image for image in images if any(image in fitting for fitting in kept.values())]


def _field(image: Path, table: Path, diameter: float) -> PointField:
    centres: dict[str, list[tuple[float, float]]] = {NUCLEUS: [], _UNSURE: []}
    sides = []
    draft = Draft(table, str(image), header_size(image))
    for row in read_rows(table, _NEEDED, "points", optional=("diameter",)):
        where = f"{table}, line {row.line}"
        y, x, side = floats((row["y"], row["x"], row.get("diameter") or str(diameter)), where)
        kind = _CLASSES.get(row["class"].strip())
        if kind is None:
            raise AnnotationError(f"{where}: the class is {row['class']!r}. Known: 1 ({NUCLEUS}), 3 ({_UNSURE}).")
        _check_inside((y, x), draft, where)
        centres[kind].append((y, x))
        if kind == NUCLEUS:
            draft.add((y - side / 2, x - side / 2, y + side / 2, x + side / 2), NUCLEUS)
            sides.append(side)
    nuclei, unsure = (np.array(centres[kind], dtype=np.float32).reshape(-1, 2) for kind in (NUCLEUS, _UNSURE))
    return PointField(draft.to_detections((NUCLEUS,)), nuclei, unsure, float(np.median(sides)) if sides else diameter)


def _check_inside(point: tuple[float, float], draft: Draft, where: str) -> None:
    """Refuse a point outside its image: it belongs to another image, or x and y are swapped."""
    (y, x), (height, width) = point, draft.shape or (0, 0)
    if not (0 <= y <= height and 0 <= x <= width):
        raise AnnotationError(f"{where}: the point y {y:g}, x {x:g} lies outside the image of {height} x {width} px.")
