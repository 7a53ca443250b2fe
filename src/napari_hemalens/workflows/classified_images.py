"""What is asked of each image whose cells are named: cells found or given, named, put in relation to each other."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.figures.classes import class_picture
from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.progress import Steps, finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.measurements import Measurements
from napari_hemalens.segmentation import micronuclei as counting
from napari_hemalens.segmentation.files import write_labels
from napari_hemalens.segmentation.labels import check_labels
from napari_hemalens.segmentation.measuring import measure_steps, with_nc_ratio
from napari_hemalens.segmentation.pairing import as_labels, in_cells, pair_nuclei
from napari_hemalens.segmentation.segment import segment_steps
from napari_hemalens.slides.channels import choose_channel
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.batch import BatchInProgress, Parts
from napari_hemalens.workflows.cell_blocks import Networks, OpenedCells
from napari_hemalens.workflows.classification import cells_of, classifier_card, classify_steps, origin_steps
from napari_hemalens.workflows.micronuclei import count_micronuclei
from napari_hemalens.workflows.ome_zarr import ENDING, write_ome_zarr_steps
from napari_hemalens.workflows.outline_files import OutlineFiles

LABELS, CELLS, MICRONUCLEI = ".labels.tif", ".cells.tif", ".micronuclei.tif"
"""Endings of the label images that may be written for an image."""

PICTURE = ".classes.png"
"""Ending of its picture."""


@dataclass(frozen=True, slots=True)
class ClassifiedImages:
    """What is asked of each image of a batch; its cells can be looked at block by block (`cell_blocks.CellsByBlock`).

    Attributes
    ----------
    recipe, segmentation : ClassificationRecipe, SegmentationRecipe
        How cells are named, and found where no labels are given.
    outlines : OutlineFiles
        In the order of the images.
    of_fields : bool
        Whether an image is one cell.
    batch : BatchInProgress
        The images.
    """

    recipe: ClassificationRecipe
    segmentation: SegmentationRecipe
    outlines: OutlineFiles
    of_fields: bool
    batch: BatchInProgress
    tiled: None = None

    @property
    def blocks(self) -> "ClassifiedImages | None":
        """What workers share block by block: cells, not fields."""
        return None if self.of_fields else self

    @property
    def endings(self) -> tuple[str, ...]:
        """Of the files that are written for every image."""
        paired = self.outlines.cells == "paired"
        return (*((LABELS,) if not self.of_fields else ()), *((CELLS,) if paired else ()))

    def inputs(self, i: int) -> tuple[Path, ...]:
        """Return the image of this index, and the outlines given for it."""
        return (self.batch.files[i], *self.outlines.only(i).files)

    def only(self, i: int) -> "ClassifiedImages":
        """Return what is asked of one image."""
        return replace(self, outlines=self.outlines.only(i), batch=self.batch.only(i))

    def find_steps(self, i: int) -> Steps[Parts]:
        """Classify the image of this index and write its labels; returns its cells, and what they belong to."""
        with self.open(i) as opened:
            slide = self.channel_of(opened)
            cells = CellMap.whole(slide.shape) if self.of_fields else self.cells_of(i, slide)
            result = yield from classify_steps(slide, None if self.of_fields else cells.labels, self._named)
            return self._relate(i, slide, cells, result)

    @property
    def asks(self) -> str:
        """The options, as text."""
        return self.recipe.model_dump_json()

    def open(self, i: int) -> Slide:
        """Open the image of this index."""
        return open_image(self.batch.files[i], frame=self.recipe.frame or ())

    def channel_of(self, opened: Slide) -> Slide:
        """Return what is looked at of an image."""
        return choose_channel(opened, self.recipe.channel)

    def cells_of(self, i: int, slide: Slide) -> CellMap:
        """Return the cells that are named: those given, else those found; other outlines are looked at, too."""
        if self.outlines.labels is not None:
            given = read_labels(self.outlines.labels[i])
            cells = CellMap.from_labels(cells_of(given, slide.shape, relabel=self.recipe.relabel))
        else:
            found = finish(segment_steps(slide, self.segmentation)).labels
            cells = CellMap.from_labels(cells_of(found, slide.shape, relabel=False))
        self._around(i, slide)  # before hours of work
        return cells

    def load_steps(self) -> Steps[Networks]:
        """Return the network that names them."""
        from napari_hemalens.inference import classifier, device  # noqa: PLC0415 -- loads torch

        card, at = classifier_card(self.recipe), device.choose(self.recipe.device)
        return ((yield from classifier.NetworkClassifier.load_steps(card, self.recipe, at)),)

    def origin_steps(self, slide: Slide, cells: CellMap, networks: Networks) -> Steps[Provenance]:
        """Return where the result comes from."""
        origin = yield from origin_steps(slide, cells, self._named)
        return origin.depends_on(networks[0].runtime.versions)

    def look(self, opened: OpenedCells, rows: NDArray[np.int64]) -> Parts:
        """Name and measure some cells of an image."""
        from napari_hemalens.inference.classifier import name_crops  # noqa: PLC0415 -- loads torch

        wanted = self.recipe.embeddings
        named = list(zip(*name_crops(opened.source, rows, opened.networks[0], embed=wanted), strict=True))
        which, probabilities = np.concatenate(named[0]), np.concatenate(named[1])
        size = opened.origin.pixel_size_um
        measured = finish(measure_steps(opened.slide, opened.cells.take(which), pixel_size_um=size))
        parts = {"rows": which, "probabilities": probabilities, "names": measured.names, "measured": measured.values}
        return parts | ({"embeddings": np.concatenate(named[2])} if wanted else {})

    def gather(self, i: int, opened: OpenedCells, found: Iterable[Parts]) -> Parts:
        """Put together what was found in blocks; return and write what `find_steps` does."""
        from napari_hemalens.inference.classifier import record_classes  # noqa: PLC0415 -- loads torch

        parts = list(found)
        order = np.argsort(np.concatenate([part["rows"] for part in parts]))

        def column(name: str) -> NDArray[Any]:
            values: NDArray[Any] = np.concatenate([part[name] for part in parts])[order]
            return values

        card = classifier_card(self.recipe)
        result = replace(
            record_classes(opened.cells, column("probabilities"), card, opened.origin),
            measurements=Measurements(parts[0]["names"], column("measured")),
            embeddings=column("embeddings") if self.recipe.embeddings else None,
        )
        return self._relate(i, opened.slide, opened.cells, result)

    def draw(self, i: int, parts: Parts) -> None:
        """Draw the picture of an image, from the labels that were written."""
        with self.open(i) as opened, writing(self.batch.target(i, PICTURE)) as path:
            slide = self.channel_of(opened)
            labels = CellMap.whole(slide.shape).labels if self.of_fields else read_labels(self.batch.target(i, LABELS))
            class_picture(slide, labels, parts["cells"]).save(path)

    def copy(self, i: int, parts: Parts) -> None:
        """Write an image with its labels and its table as OME-Zarr."""
        with self.open(i) as opened:
            labels = None if self.of_fields else read_labels(self.batch.target(i, LABELS))
            finish(write_ome_zarr_steps(opened, parts["cells"], self.batch.target(i, ENDING), labels=labels))

    @property
    def _named(self) -> ClassificationRecipe:
        """The recipe for labels that are checked: parting them is done, or not wanted."""
        return self.recipe.model_copy(update={"relabel": False})

    def _around(self, i: int, slide: Slide) -> NDArray[np.int32] | None:
        """Return the outlines given of what the cells, nuclei then, lie in."""
        given = self.outlines.cells
        return None if given is None or given == "paired" else check_labels(read_labels(Path(given[i])), slide.shape)

    def _relate(self, i: int, slide: Slide, cells: CellMap, result: Classified) -> Parts:
        """Write the labels, and find out what the cells belong to, and which micronuclei lie beside them."""
        around, of_cells = self._around(i, slide), None
        if around is not None:
            of_cells = in_cells(cells, around)
            result = with_nc_ratio(result, of_cells, around)
        counted, uncounted = self._count(i, slide, cells)
        size = result.provenance.pixel_size_um
        if not self.of_fields:
            write_labels(cells.labels, self.batch.target(i, LABELS), pixel_size_um=size)
        if counted is not None:
            write_labels(counted.labels, self.batch.target(i, MICRONUCLEI), pixel_size_um=size)
        if self.outlines.cells == "paired":
            of_cells = pair_nuclei(cells)
            write_labels(as_labels(cells, of_cells), self.batch.target(i, CELLS))  # for a person to look at
        bodies = None if counted is None else counted.counts
        return {"cells": result, "belongs_to": of_cells, "micronuclei": bodies, "uncounted": uncounted}

    def _count(self, i: int, slide: Slide, nuclei: CellMap) -> tuple[counting.Micronuclei | None, str]:
        """Return the micronuclei given, else those found; None where nobody asks or they cannot be counted, and why."""
        if self.recipe.task != "micronucleus":
            return None, ""
        if self.outlines.micronuclei is not None:
            bodies = read_labels(self.outlines.micronuclei[i])
            return count_micronuclei(slide, nuclei.labels, bodies=bodies), ""
        reason = counting.why_not(slide)
        return (counting.find_micronuclei(slide, nuclei), "") if reason is None else (None, reason)
