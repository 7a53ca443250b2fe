"""Pools for a simulated annotator: embedded cells of known classes, in shares as unequal as those of a marrow."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning.cell_sources import ReadableCells, cells_of_boxes, cells_of_images, join_cells
from napari_hemalens.active_learning.embedded import Embedded
from napari_hemalens.active_learning.embeddings import embed_steps
from napari_hemalens.active_learning.labelled_table import pixel_size_of
from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.options import TeachingRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.formats import read_annotations
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.formats.tables import read_rows
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import Steps
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE, cell_class

_SHARES = (0.60, 0.20, 0.10, 0.05, 0.03, 0.02)
_REJECTS = ("not_identifiable", UNCLASSIFIABLE)


@dataclass(frozen=True, slots=True, eq=False)
class NamedEmbeddings:
    """Cells as a network sees them, and the class of each by name."""

    embedded: Embedded
    names: NDArray[np.str_]

    def take(self, rows: NDArray[np.int64]) -> "NamedEmbeddings":
        """Return some of the cells."""
        part = self.embedded
        taken = Embedded(
            part.cells.take(rows), part.vectors[rows], part.thumbnails.take(rows), part.weights, part.sha256
        )
        return NamedEmbeddings(taken, self.names[rows])

    def table(self, crop: CropRecipe) -> CellTable:
        """Return the cells by box, for a network that takes such crops."""
        cells, total = self.embedded.cells, len(self.names)
        images = [cells.images[index] for index in cells.image_index.tolist()]
        return CellTable(
            images=np.array([Path(image.name) for image in images], dtype=object),
            boxes=cells.boxes,
            pixel_sizes=np.array([pixel_size_of(image, crop) for image in images], dtype=np.float32),
            class_names=self.names,
            laboratories=np.full(total, ""),
            blocks=np.array([image.fingerprint for image in images]),
            parts=np.full(total, "val"),
        )


def draw_pool(names: NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """Return rows of a pool: of six classes 60, 20, 10, 5, 3 and 2 %, in an order of chance; of others as they are."""
    classes, counts = np.unique(names, return_counts=True)
    rng = np.random.default_rng(seed)
    if len(classes) != len(_SHARES):
        return np.arange(len(names), dtype=np.int64)
    shares = np.array(_SHARES)[rng.permutation(len(_SHARES))]
    size = (counts / shares).min()  # the largest pool that all classes can fill
    rows = [
        rng.choice(np.flatnonzero(names == name), int(size * share), replace=False)
        for name, share in zip(classes, shares, strict=True)
    ]
    return np.sort(np.concatenate(rows)).astype(np.int64)


def named_embeddings_steps(options: ExperimentOptions, part: str, weights: str) -> Steps[NamedEmbeddings]:
    """Look at all cells of a part of the data, 'train' or 'val', or read from the cache what was looked at before.

    Raises
    ------
    AnnotationError
        If the folder has no such part.
    """
    source, names = _named_cells(options.folder, part, options.pixel_size_um)
    card = classifier_card(weights)
    embedded = yield from embed_steps(source, card, options.out / "caches", TeachingRecipe(runtime="torch"))
    return NamedEmbeddings(embedded, names[embedded.cells.numbers])


def _named_cells(folder: Path, part: str, pixel_size_um: float | None) -> tuple[ReadableCells, NDArray[np.str_]]:
    """Return the cells of a part, and the classes that their numbers are rows of.

    Rejects are left out, and cells without a nucleus, which nobody would sit and name.
    """
    table = folder / f"{part}.csv"
    if table.is_file():
        rows = [row for row in read_rows(table, ("image", "class"), "cells") if _is_taught(row["class"])]
        paths = [folder / "images" / row["image"] for row in rows]
        if not rows:
            raise AnnotationError(f"{table} lists no cells.")
        return cells_of_images(paths, pixel_size_um=pixel_size_um), np.array([row["class"] for row in rows])
    parts: list[ReadableCells] = []
    names: list[str] = []
    for field in read_annotations(folder, split=part):
        known = field.take(np.array([_is_taught(name) for name in field.class_names.tolist()], dtype=np.bool_))
        each = cells_of_boxes(known.provenance.image, known, pixel_size_um=pixel_size_um)
        cells = replace(each.cells, numbers=each.cells.numbers + len(names))
        parts.append(replace(each, cells=cells))
        names += known.class_names.tolist()
    return join_cells(parts), np.array(names, dtype=np.str_)


def _is_taught(name: str) -> bool:
    return name not in _REJECTS and cell_class(name).nucleated
