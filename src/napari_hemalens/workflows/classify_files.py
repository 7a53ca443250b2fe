"""Cells of many image files: found or given, named, counted, written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.figures.classes import class_picture
from napari_hemalens.formats.label_images import match_by_name, read_labels
from napari_hemalens.formats.naming import check_apart, file_stems, short_paths
from napari_hemalens.models.weights import verify
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.tasks import task
from napari_hemalens.reports.assay import Comparison, Summary, group_names, summary
from napari_hemalens.reports.classes import write_cells, write_summary
from napari_hemalens.reports.design import Sample
from napari_hemalens.reports.detections import write_run
from napari_hemalens.segmentation import micronuclei as counting
from napari_hemalens.segmentation.files import write_labels
from napari_hemalens.segmentation.labels import check_labels
from napari_hemalens.segmentation.pairing import as_labels, in_cells, pair_nuclei
from napari_hemalens.segmentation.segment import segment_steps
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.classification import cells_of, classifier_card, classify_steps
from napari_hemalens.workflows.micronuclei import count_micronuclei

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
    micronuclei : tuple of (N,) int64, or None
        For each of the fields, the micronuclei seen at each nucleus; None where they cannot be counted. None in place
        of the tuple: in no image, or the task is another.
    uncounted : mapping of str to str
        The images in which micronuclei could not be counted, with the reason.
    """

    fields: tuple[Classified, ...]
    failed: Mapping[str, str]
    cells: tuple[NDArray[np.int64], ...] | None
    summary: Summary | None
    comparison: Comparison | None
    micronuclei: tuple[NDArray[np.int64] | None, ...] | None = None
    uncounted: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _ClassificationInProgress:
    """What is asked of each image, and what was found in those that are done."""

    recipe: ClassificationRecipe
    segmentation: SegmentationRecipe
    out: Path
    paired: bool
    of_fields: bool  # no labels: an image is one cell
    options: Mapping[str, Any]
    fields: list[Classified] = field(default_factory=list)
    cells: list[NDArray[np.int64]] = field(default_factory=list)
    micronuclei: list[NDArray[np.int64] | None] = field(default_factory=list)
    uncounted: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, file: Path, stem: str, *, labels: Path | None, cells: Path | None, micronuclei: Path | None) -> int:
        """Classify one file and write what it shows; returns how many cells it has."""
        with open_image(file) as slide:
            found = None if self.of_fields else self._labels(slide, labels)
            map_ = CellMap.whole(slide.shape) if found is None else CellMap.from_labels(found)
            of_cells = None if cells is None else in_cells(map_, check_labels(read_labels(cells), slide.shape))
            named = self.recipe.model_copy(update={"relabel": False})  # done, or not wanted
            result = finish(classify_steps(slide, found, named))
            counted = self._count(slide, map_, micronuclei)
            size = result.provenance.pixel_size_um
            if found is not None:
                write_labels(found, self.out / f"{stem}.labels.tif", pixel_size_um=size)
            if counted is not None:
                write_labels(counted.labels, self.out / f"{stem}.micronuclei.tif", pixel_size_um=size)
            with writing(self.out / f"{stem}.classes.png") as path:
                class_picture(slide, map_.labels, result).save(path)
        if self.paired:
            of_cells = pair_nuclei(map_)
            write_labels(as_labels(map_, of_cells), self.out / f"{stem}.cells.tif")  # for a person to look at
        self.fields.append(result)
        self.micronuclei.append(None if counted is None else counted.counts)
        if of_cells is not None:
            self.cells.append(of_cells)
        return len(result)

    def _count(self, slide: Slide, nuclei: CellMap, bodies: Path | None) -> counting.Micronuclei | None:
        """Return the micronuclei given, else those found; None where nobody asks, or they cannot be counted."""
        if self.recipe.task != "micronucleus":
            return None
        if bodies is not None:
            return count_micronuclei(slide, nuclei.labels, bodies=read_labels(bodies))
        reason = counting.why_not(slide)
        if reason is not None:
            self.uncounted[slide.name] = reason
            return None
        return counting.found(slide, nuclei)

    def _labels(self, slide: Slide, path: Path | None) -> NDArray[np.int32]:
        if path is not None:
            return cells_of(read_labels(path), slide.shape, relabel=self.recipe.relabel)
        found = finish(segment_steps(slide, self.segmentation)).labels
        return cells_of(found, slide.shape, relabel=False)

    def write_tables(self, design: Mapping[str, Sample] | None, compare: tuple[str, str] | None) -> ClassifiedBatch:
        """Write the tables of what was found, and return it."""
        cells = tuple(self.cells) or None
        micronuclei = tuple(self.micronuclei) if any(each is not None for each in self.micronuclei) else None
        said: Summary | None = None
        comparison: Comparison | None = None
        if self.fields:
            said = summary(self.fields, cells=cells, design=design, micronuclei=micronuclei)
            try:
                comparison = said.compare(*compare) if compare else None
            except AnnotationError as error:  # an image that it needs was not read
                self.failed["comparison"] = str(error)
            write_cells(self.fields, self.out / "cells.csv", cells=cells, micronuclei=micronuclei)
            write_summary(said, self.out / "summary.csv", comparison)
        if self.fields or self.failed:
            write_run(self.fields, self.options, self.out / "run.json", failed=self.failed)
        return ClassifiedBatch(tuple(self.fields), self.failed, cells, said, comparison, micronuclei, self.uncounted)


def classify_files_steps(  # noqa: PLR0913 -- an option each
    files: Sequence[Path],
    recipe: ClassificationRecipe,
    out: Path,
    *,
    labels: Sequence[Path] | None = None,
    cells: Cells = None,
    segmentation: SegmentationRecipe | None = None,
    design: Mapping[str, Sample] | None = None,
    compare: tuple[str, str] | None = None,
    micronuclei: Sequence[Path] | None = None,
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
        Folder for the results: for each image `<stem>.labels.tif` (not of whole fields) and `<stem>.classes.png`, and
        the tables. For the micronucleus test also `<stem>.micronuclei.tif`, where micronuclei were counted: each has
        the number of its nucleus, whatever the nucleus was called.
    labels : sequence of Path, optional
        Label images of the cells, matched by name or order (`formats.label_images.matched`); without them, the images
        are segmented. Weights of whole fields take none: each image is one cell.
    cells : sequence of Path or 'paired', optional
        For the micronucleus test: label images of the cells that the nuclei belong to, or pairs of nuclei are taken
        for cells (`segmentation.pairing`), written as `<stem>.cells.tif` to be corrected and given back.
    segmentation : SegmentationRecipe, optional
        How images are segmented.
    design : mapping of str to Sample, optional
        Replicate and concentration of each image, by its name.
    compare : (str, str), optional
        Names of two concentrations, replicates or images, the control first.
    micronuclei : sequence of Path, optional
        For the micronucleus test: label images of the micronuclei, as for `count_micronuclei`; without them, they are
        found in fluorescence images.

    Raises
    ------
    HemaLensError
        Before the first image, if labels, cells, design or groups do not fit the images, or weights are not there.
    """
    check_apart(out, (*files, *(labels or ()), *(micronuclei or ())))
    card = classifier_card(recipe)
    verify(card)
    of_fields = card.crop.unit == "field"
    if of_fields and labels is not None:
        raise AnnotationError(f"The weights {card.name} name whole images, not the cells of them: give no labels.")
    _check_groups(files, recipe, design, compare)
    of_images = match_by_name(files, labels) if labels is not None else (None,) * len(files)
    given = None if cells is None or cells == "paired" else match_by_name(files, cells, "label images of cells")
    bodies = None if micronuclei is None else match_by_name(files, micronuclei, "label images of micronuclei")
    segmenting = segmentation or SegmentationRecipe(pixel_size_um=recipe.pixel_size_um)
    options = recipe.model_dump(mode="json") | {
        "labels": None if labels is None else [str(path) for path in of_images],
        "segmentation": segmenting.model_dump(mode="json") if labels is None and not of_fields else None,
        "cells": cells if given is None else [str(path) for path in given],
        "micronuclei": None if bodies is None else [str(path) for path in bodies],
        "compare": compare,
    }
    batch = _ClassificationInProgress(recipe, segmenting, out, cells == "paired", of_fields, options)
    try:
        stems = file_stems([str(file) for file in files])
        for i, (file, stem) in enumerate(zip(files, stems, strict=True)):
            try:
                found = batch.add(
                    file,
                    stem,
                    labels=of_images[i],
                    cells=given[i] if given else None,
                    micronuclei=bodies[i] if bodies else None,
                )
                message = f"{file.name}: {found:,} cells"
            except (ImageError, AnnotationError) as error:
                batch.failed[str(file)] = str(error)
                message = f"{file.name}: not classified"
            yield Progress(i + 1, len(files), message)
    finally:
        result = batch.write_tables(design, compare)
    return result


def _check_groups(
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
