"""Reading label images, and matching them with images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.decoding import check_fits, decoding
from napari_hemalens.formats.images import kind_of
from napari_hemalens.formats.tiff_files import open_tiff

_JOINTS = "._- "  # what may follow an image's name in that of its labels


def read_labels(path: str | Path) -> NDArray[Any]:
    """Return the values of a label image unchanged: TIFF, .npy, or PNG with grey values or a palette.

    Raises
    ------
    AnnotationError
        If it cannot be read.
    """
    file = Path(path)
    with decoding(f"Cannot read the labels {file}", AnnotationError):
        values = _values(file)
    lone = tuple(axis for axis, length in enumerate(values.shape) if length == 1 and values.ndim > 2)
    return values.squeeze(axis=lone)


def _values(file: Path) -> NDArray[Any]:
    kind = kind_of(file)
    if kind == "npy":
        stored = np.load(file, mmap_mode="r", allow_pickle=False)
        check_fits(stored.shape, stored.dtype.itemsize)
        return np.array(stored)
    if kind == "tiff":
        with open_tiff(file) as tiff:
            series = tiff.series[0]
            check_fits(series.shape, series.dtype.itemsize)
            values: NDArray[Any] = series.asarray()
            return values
    with Image.open(file) as picture:
        return np.asarray(picture)


def match_by_name(
    images: Sequence[Path], labels: Sequence[Path], what: str = "label images", ending: str = "labels"
) -> tuple[Path, ...]:
    """Return the label image of each image.

    Matched by name if possible: the name of the labels is that of the image, optionally followed by a dot, dash,
    underscore or space and more, as `a.labels.tif` or `a_cp_masks.png` for `a.tif`. Of several, as a folder of results
    holds them, that with the `ending`, as `a.labels.tif`. Otherwise by order, if there are equally many.

    Raises
    ------
    AnnotationError
        If some are not there, or neither matches exactly one label image to each image.
    """
    gone = [str(path) for path in labels if not path.exists()]
    if gone:
        raise AnnotationError(f"There is no file or folder {gone[0]}, given as {what}.")
    by_name: dict[str, list[Path]] = {}
    stems = {image.stem for image in images}
    for path in labels:
        possible = [stem for stem in stems if _belongs(path.name, stem)]
        if possible:
            # With images a and a_2, a_2_masks belongs to the second.
            by_name.setdefault(max(possible, key=len), []).append(path)
    for stem, fitting in by_name.items():
        by_name[stem] = [path for path in fitting if path.stem == f"{stem}.{ending}"] or fitting
    if len(stems) == len(images) and all(len(by_name.get(stem, ())) == 1 for stem in stems):
        return tuple(by_name[image.stem][0] for image in images)
    if len(labels) == len(images) and (not by_name or len(stems) < len(images)):
        return tuple(labels)
    lacking = next((image for image in images if len(by_name.get(image.stem, ())) != 1), images[0])
    found = ", ".join(path.name for path in by_name.get(lacking.stem, ())) or "none"
    raise AnnotationError(
        f"{len(labels)} {what} for {len(images)} images: {lacking.name} has {found}. Each image needs one, by name "
        f"(such as {lacking.stem}.{ending}.tif), or as many label images as images, in the same order."
    )


def _belongs(name: str, stem: str) -> bool:
    return name.startswith(stem) and name[len(stem) : len(stem) + 1] in {*_JOINTS, ""}
