"""Cells of many image files: found or given, named, counted, written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_hemalens import tables
from napari_hemalens.assay import Comparison, Summary, group_names, summary
from napari_hemalens.atomic import writing
from napari_hemalens.cell_map import CellMap
from napari_hemalens.class_picture import class_picture
from napari_hemalens.classified import Classified
from napari_hemalens.classified_tables import write_cells, write_summary
from napari_hemalens.design import Sample
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.fields import file_stems, short_paths
from napari_hemalens.formats.label_images import matched, read_labels
from napari_hemalens.models.weights import verify
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.recipes import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.segmentation.files import write_labels
from napari_hemalens.segmentation.labels import checked_labels
from napari_hemalens.segmentation.pairing import as_labels, in_cells, paired
from napari_hemalens.segmentation.segment import segment_steps
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide
from napari_hemalens.tasks import task
from napari_hemalens.workflows.classification import cells_of, classifier_row, classify_steps

Cells: TypeAlias = Sequence[Path] | Literal["paired"] | None
"""Label images of the cells that nuclei belong to; or nuclei are paired; or the unit is what is classified."""


@dataclass(frozen=True, slots=True)
class ClassifiedBatch:
    """What became of a number of image files.

    Attributes
    ----------
    fields : tuple of Classified
        The images that were read.
    failed : mapping of str to str
        The others, with the reason; a comparison that could not be made too.
    cells : tuple of (N,) int64, or None
        For each of the fields, the cell of each nucleus, where cells were asked for.
    summary : Summary or None
        What is reported; None where no image was read.
    comparison : Comparison or None
        Of two groups, where asked for.
    """

    fields: tuple[Classified, ...]
    failed: Mapping[str, str]
    cells: tuple[NDArray[np.int64], ...] | None
    summary: Summary | None
    comparison: Comparison | None


@dataclass(slots=True)
class _Run:
    """A run while it goes on."""

    recipe: ClassificationRecipe
    segmentation: SegmentationRecipe
    out: Path
    paired: bool
    options: Mapping[str, Any]
    fields: list[Classified] = field(default_factory=list)
    cells: list[NDArray[np.int64]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, file: Path, stem: str, labels: Path | None, cells: Path | None) -> int:
        """Classify one file and write what it shows; returns how many cells it has."""
        with open_image(file) as slide:
            found = self._labels(slide, labels)
            map_ = CellMap.of(found)
            of_cells = None if cells is None else in_cells(map_, checked_labels(read_labels(cells), slide.shape))
            named = self.recipe.model_copy(update={"relabel": False})  # done, or not wanted
            result = finish(classify_steps(slide, found, named))
            write_labels(found, self.out / f"{stem}.labels.tif", pixel_size_um=result.provenance.pixel_size_um)
            with writing(self.out / f"{stem}.classes.png") as path:
                class_picture(slide, found, result).save(path)
        if self.paired:
            of_cells = paired(map_)
            write_labels(as_labels(map_, of_cells), self.out / f"{stem}.cells.tif")  # for a person to look at
        self.fields.append(result)
        if of_cells is not None:
            self.cells.append(of_cells)
        return len(result)

    def _labels(self, slide: Slide, path: Path | None) -> NDArray[np.int32]:
        if path is not None:
            return cells_of(read_labels(path), slide.shape, relabel=self.recipe.relabel)
        found = finish(segment_steps(slide, self.segmentation)).labels
        return cells_of(found, slide.shape, relabel=False)

    def written(self, design: Mapping[str, Sample] | None, compare: tuple[str, str] | None) -> ClassifiedBatch:
        """Write the tables of what was found, and return it."""
        cells = tuple(self.cells) or None
        said: Summary | None = None
        comparison: Comparison | None = None
        if self.fields:
            said = summary(self.fields, cells=cells, design=design)
            try:
                comparison = said.compare(*compare) if compare else None
            except AnnotationError as error:  # an image that it needs was not read
                self.failed["comparison"] = str(error)
            write_cells(self.fields, self.out / "cells.csv", cells=cells)
            write_summary(said, self.out / "summary.csv", comparison)
        if self.fields or self.failed:
            tables.write_run(self.fields, self.options, self.out / "run.json", failed=self.failed)
        return ClassifiedBatch(tuple(self.fields), self.failed, cells, said, comparison)


def classify_files_steps(
    files: Sequence[Path],
    recipe: ClassificationRecipe,
    out: Path,
    *,
    labels: Sequence[Path] | None = None,
    cells: Cells = None,
    segmentation: SegmentationRecipe | None = None,
    design: Mapping[str, Sample] | None = None,
    compare: tuple[str, str] | None = None,
) -> Steps[ClassifiedBatch]:
    """Name the cells of many image files; write labels, pictures, `cells.csv`, `summary.csv` and `run.json`.

    An image that cannot be read, or whose labels are not of it, is reported, and the rest goes on. What was found is
    written also when the run is stopped. Yields after every image.

    Parameters
    ----------
    files : sequence of Path
        The images.
    recipe : ClassificationRecipe
        What is asked of each cell, and with which weights.
    out : Path
        Folder for the results: for each image `<stem>.labels.tif` and `<stem>.classes.png`, and the tables.
    labels : sequence of Path, optional
        Label images of the cells, matched by name or order (`formats.label_images.matched`); without them, the images
        are segmented.
    cells : sequence of Path or 'paired', optional
        For the micronucleus test: label images of the cells that the nuclei belong to, or pairs of nuclei are taken
        for cells (`segmentation.pairing`), written as `<stem>.cells.tif` to be corrected and given back.
    segmentation : SegmentationRecipe, optional
        How images are segmented.
    design : mapping of str to Sample, optional
        Replicate and concentration of each image, by its name.
    compare : (str, str), optional
        Names of two concentrations, replicates or images, the control first.

    Raises
    ------
    HemaLensError
        Before the first image, if labels, cells, design or groups do not fit the images, or weights are not there.
    """
    verify(classifier_row(recipe))
    _checked_groups(files, recipe, design, compare)
    of_images = matched(files, labels) if labels is not None else (None,) * len(files)
    given = None if cells is None or cells == "paired" else matched(files, cells, "label images of cells")
    segmenting = segmentation or SegmentationRecipe(pixel_size_um=recipe.pixel_size_um)
    options = recipe.model_dump(mode="json") | {
        "labels": None if labels is None else [str(path) for path in of_images],
        "segmentation": segmenting.model_dump(mode="json") if labels is None else None,
        "cells": cells if given is None else [str(path) for path in given],
        "compare": compare,
    }
    run = _Run(recipe, segmenting, out, cells == "paired", options)
    try:
        stems = file_stems([str(file) for file in files])
        for i, (file, stem) in enumerate(zip(files, stems, strict=True)):
            try:
                found = run.add(file, stem, of_images[i], given[i] if given else None)
                message = f"{file.name}: {found:,} cells"
            except (ImageError, AnnotationError) as error:
                run.failed[str(file)] = str(error)
                message = f"{file.name}: not classified"
            yield Progress(i + 1, len(files), message)
    finally:
        batch = run.written(design, compare)
    return batch


def _checked_groups(
    files: Sequence[Path],
    recipe: ClassificationRecipe,
    design: Mapping[str, Sample] | None,
    compare: tuple[str, str] | None,
) -> None:
    """Refuse, before hours of work, what could not be reported after them."""
    known = group_names(short_paths([str(file) for file in files]), design)
    for name in compare or ():
        if task(recipe.task).positive is None:
            raise AnnotationError(
                f"Two groups are compared by what is looked for; the task {recipe.task} looks for no class."
            )
        if name not in known:
            raise AnnotationError(
                f"No image, replicate or concentration {name!r} to compare. Known: {', '.join(known)}."
            )
