"""The pool of a project on disk: which cells were looked at, their outlines, and images that were no files.

In `pool/` of the project lie `cells.safetensors`, `outlines/` (a label image for each image whose cells were given so)
and `images/` (pictures of layers), each file whole or not at all. With them a project opens as it was left, wherever it
lies.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from napari_hemalens.active_learning.cell_sources import ReadableCells
from napari_hemalens.atomic import writing
from napari_hemalens.errors import ImageError, ProjectError
from napari_hemalens.projects.document import PICTURES
from napari_hemalens.projects.project import Project
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.taught_cells import TaughtCells, TaughtImage
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide

FOLDER = "pool"
_CELLS, _OUTLINES = "cells.safetensors", "outlines"
_SOURCES = ("box", "label", "image", "crop")
_FORMAT = "1"
_MOST_KEPT = 100_000_000  # pixels of layers that are kept as pictures


def store(project: Project, source: ReadableCells) -> tuple[str, ...]:
    """Write a pool in place of the one before; return a sentence for what could not be kept.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    folder, cells = project.folder / FOLDER, source.cells
    digest = _digest(cells)
    if (folder / _CELLS).exists() and _about(folder / _CELLS).get("digest") == digest:
        return ()
    try:
        notes = _keep_images(project, source)
        for image, outlined in zip(cells.images, source.outlines, strict=True):
            if outlined is not None:
                with writing(_outlines_of(folder, image, digest)) as temporary:
                    tifffile.imwrite(temporary, outlined.labels, compression="zlib", photometric="minisblack")
        tensors: dict[str, NDArray[Any]] = {
            "image_index": cells.image_index,
            "boxes": cells.boxes,
            "numbers": cells.numbers,
            "sources": np.array([_SOURCES.index(each) for each in cells.sources.tolist()], dtype=np.uint8),
        }
        images = [[i.name, i.fingerprint, *i.shape, i.pixel_size_um] for i in cells.images]
        outlines = [outlined is not None for outlined in source.outlines]
        about = {"format": _FORMAT, "digest": digest, "images": json.dumps(images), "outlines": json.dumps(outlines)}
        with writing(folder / _CELLS) as temporary:
            save_file(tensors, temporary, metadata=about)
        for old in (folder / _OUTLINES).glob("*.tif"):
            if digest not in old.stem:
                old.unlink()
    except OSError as error:
        raise ProjectError(f"The cells could not be written to {folder}: {error}.") from error
    return notes


def has_pool(project: Project) -> bool:
    """Return whether a project knows the cells that were looked at last."""
    return (project.folder / FOLDER / _CELLS).exists()


def stored(project: Project) -> ReadableCells:
    """Return the cells that were looked at last.

    Raises
    ------
    ProjectError
        If there are none, or what was written cannot be read.
    """
    folder = project.folder / FOLDER
    about = _about(folder / _CELLS)
    try:
        with safe_open(folder / _CELLS, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in ("image_index", "boxes", "numbers", "sources")}
        images = tuple(
            TaughtImage(str(name), str(print_), (int(h), int(w)), None if size is None else float(size))
            for name, print_, h, w, size in json.loads(about["images"])
        )
        sources = np.array(_SOURCES, dtype="<U5")[tensors["sources"]]
        cells = TaughtCells(images, tensors["image_index"], tensors["boxes"], tensors["numbers"], sources)
        outlines = tuple(
            CellMap.from_labels(tifffile.imread(_outlines_of(folder, image, about["digest"]))) if outlined else None
            for image, outlined in zip(images, json.loads(about["outlines"]), strict=True)
        )
    except (SafetensorError, OSError, ValueError, KeyError, IndexError, tifffile.TiffFileError) as error:
        raise ProjectError(f"The cells of {project.folder} cannot be read ({error}): choose them again.") from error
    return ReadableCells(cells, tuple(_opener(project, image) for image in images), outlines)


def _about(file: Path) -> dict[str, str]:
    try:
        with safe_open(file, framework="numpy") as found:
            return dict(found.metadata() or {})
    except (SafetensorError, OSError):
        return {}


def _digest(cells: TaughtCells) -> str:
    """Return what changes with any cell, its source, or what is known of an image."""
    said = [*cells.ids.tolist(), *cells.sources.tolist(), *cells.numbers.tolist(), *map(repr, cells.images)]
    return hashlib.blake2b("|".join(map(str, said)).encode(), digest_size=8).hexdigest()


def _outlines_of(folder: Path, image: TaughtImage, digest: str) -> Path:
    return folder / _OUTLINES / f"{image.fingerprint}-{digest}.tif"


def _keep_images(project: Project, source: ReadableCells) -> tuple[str, ...]:
    """Write images that are no files as pictures, so that the project can read them again."""
    left, notes = _MOST_KEPT, []
    for image, opened in zip(source.cells.images, source.open, strict=True):
        if Path(image.name).exists() or project.path_of(image.fingerprint) is not None:
            continue
        left -= image.shape[0] * image.shape[1]
        if left < 0:
            notes.append(f"{image.name} is too large to be kept in the project: save it as a file, and teach that.")
            continue
        place = project.folder / PICTURES / f"{image.fingerprint}.png"
        try:
            with opened() as slide, writing(place) as temporary:
                Image.fromarray(slide.read(0, 0, *slide.shape)).save(temporary, format="png")
        except ImageError as error:
            notes.append(f"{image.name} is not kept in the project: {error}")
            continue
        project.keep_image(image, place)
    return tuple(notes)


def _opener(project: Project, image: TaughtImage) -> Callable[[], AbstractContextManager[Slide]]:
    return partial(_open, project, image)


def _open(project: Project, image: TaughtImage) -> Slide:
    path = project.path_of(image.fingerprint)
    if path is None:
        raise ImageError(f"{image.name} is not where it was: put it into {project.folder}, or choose the cells again.")
    return open_image(path)
