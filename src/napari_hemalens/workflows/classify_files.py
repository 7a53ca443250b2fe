"""Cells of many image files: found or given, named, counted, written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import FORMATS
from napari_hemalens.formats.naming import check_apart, short_paths
from napari_hemalens.models.weights import whole_hashes
from napari_hemalens.progress import Steps
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.tasks import task
from napari_hemalens.reports.assay import Comparison, Summary, group_names, summary
from napari_hemalens.reports.class_tables import ClassTable, check_class_formats
from napari_hemalens.reports.classes import write_summary
from napari_hemalens.reports.design import Sample
from napari_hemalens.workflows.batch import start_batch
from napari_hemalens.workflows.classification import classifier_card
from napari_hemalens.workflows.classified_images import CELLS, LABELS, MICRONUCLEI, PICTURE, ClassifiedImages
from napari_hemalens.workflows.finding import find_all_steps
from napari_hemalens.workflows.ome_zarr import ENDING, OME_ZARR, split_formats
from napari_hemalens.workflows.outline_files import NO_OUTLINES, OutlineFiles, path_texts
from napari_hemalens.workflows.results_folder import ResultsFolder, RunIdentity, hold_folder

_TABLES = ("summary.csv", "run.json")


@dataclass(frozen=True, slots=True)
class Groups:
    """What the images are of, and which are compared.

    Attributes
    ----------
    design : mapping of str to Sample, optional
        Replicate and concentration of each image, by its name.
    compare : (str, str), optional
        Names of two concentrations, replicates or images, the control first.
    """

    design: Mapping[str, Sample] | None = None
    compare: tuple[str, str] | None = None


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
    unpictured, kept : mapping of str to str, int
        As in `Batch`.
    """

    fields: tuple[Classified, ...]
    failed: Mapping[str, str]
    cells: tuple[NDArray[np.int64], ...] | None
    summary: Summary | None
    comparison: Comparison | None
    micronuclei: tuple[NDArray[np.int64] | None, ...] | None = None
    uncounted: Mapping[str, str] = field(default_factory=dict)
    unpictured: Mapping[str, str] = field(default_factory=dict)
    kept: int = 0


def classify_files_steps(  # noqa: PLR0913 -- options that the command line gives by name
    files: Sequence[Path],
    recipe: ClassificationRecipe,
    out: Path | ResultsFolder,
    *,
    outlines: OutlineFiles = NO_OUTLINES,
    groups: Groups = Groups(),
    formats: Sequence[str] = ("csv",),
    cluster: ClusterRecipe | None = None,
) -> Steps[ClassifiedBatch]:
    """Name the cells of many image files; write labels, tables and `run.json`, then pictures.

    An image that cannot be read, or whose labels are not of it, is reported, and the rest goes on. What is found in an
    image is kept at once: the same run into the same folder goes on from there. The tables are written also when the
    run is stopped. Yields after every image.

    Parameters
    ----------
    files : sequence of Path
        The images.
    recipe : ClassificationRecipe
        What is asked of each cell, and with which weights.
    out : Path or ResultsFolder
        Folder for the results: for each image `<stem>.labels.tif` (not of whole fields) and `<stem>.classes.png`, and
        the tables. For the micronucleus test also `<stem>.micronuclei.tif`, where micronuclei were counted: each has
        the number of its nucleus, whatever the nucleus was called.
    outlines : OutlineFiles
        Label images of cells and micronuclei; none by default.
    groups : Groups
        What the images are of, and which are compared; by default one group, and no comparison.
    formats : sequence of str
        Of the table of cells, of `reports.class_tables.CLASS_FORMATS`; 'csv' is what reports and training sets read.
        'ome-zarr': each image with its labels and cells, `<stem>.ome.zarr`.
    cluster : ClusterRecipe, optional
        Where the images are looked at; by default in this process. The results are the same.

    Raises
    ------
    HemaLensError
        Before the first image, if outlines or groups do not fit the images, or weights or folder cannot be used; if
        the disk is full.
    """
    in_tables, in_zarr = split_formats(formats)
    check_class_formats(in_tables, beside=(OME_ZARR,))  # before hours of work
    folder = ResultsFolder.of(out)
    check_apart(folder.path, (*files, *outlines.files))
    card = classifier_card(recipe)
    of_fields = card.of_fields
    if of_fields and outlines.labels is not None:
        raise AnnotationError(f"The weights {card.name} name whole images, not the cells of them: give no labels.")
    _check_groups(files, recipe, groups)
    matched = outlines.match(files)
    segmentation = SegmentationRecipe(pixel_size_um=recipe.pixel_size_um, channel=recipe.channel)
    options = recipe.model_dump(mode="json") | {
        "labels": path_texts(matched.labels),
        "segmentation": segmentation.model_dump(mode="json") if matched.labels is None and not of_fields else None,
        "cells": matched.cells if matched.cells == "paired" else path_texts(matched.cells),
        "micronuclei": path_texts(matched.micronuclei),
    }
    run = RunIdentity("classify", options, whole_hashes(card.file))
    tables = (*(FORMATS[name].target for name in in_tables), *_TABLES)
    endings = (LABELS, CELLS, MICRONUCLEI, PICTURE, *((ENDING,) if in_zarr else ()))
    batch = start_batch(files, folder, run, endings=endings, tables=tables)
    asked = ClassifiedImages(recipe, segmentation, matched, of_fields, batch)
    with hold_folder(folder, batch.run):
        try:
            yield from find_all_steps(asked, (card.called,), cluster)
        finally:
            result = _write_tables(asked, in_tables, groups, options | {"compare": groups.compare})
        yield from batch.draw_steps(asked.draw, PICTURE)
        if in_zarr:
            yield from batch.draw_steps(asked.copy, ENDING)
    return result


def _check_groups(files: Sequence[Path], recipe: ClassificationRecipe, groups: Groups) -> None:
    """Refuse, before hours of work, what could not be reported after them."""
    known = group_names(short_paths([str(file) for file in files]), groups.design)
    for name in groups.compare or ():
        if task(recipe.task).positive is None:
            raise AnnotationError(
                f"Two groups are compared by what is looked for; the task {recipe.task} looks for no class."
            )
        if name not in known:
            raise AnnotationError(
                f"No image, replicate or concentration {name!r} to compare. Known: {', '.join(known)}."
            )


def _write_tables(
    asked: ClassifiedImages, formats: Sequence[str], groups: Groups, options: Mapping[str, Any]
) -> ClassifiedBatch:
    """Write the tables of what was found, and return it."""
    batch, out = asked.batch, asked.batch.out
    fields: tuple[Classified, ...] = batch.column("cells")
    cells = batch.column("belongs_to") if fields and asked.outlines.cells is not None else None
    counts = batch.column("micronuclei")
    micronuclei = counts if any(each is not None for each in counts) else None
    said: Summary | None = None
    comparison: Comparison | None = None
    if fields:
        said = summary(fields, cells=cells, design=groups.design, micronuclei=micronuclei, of_fields=asked.of_fields)
        try:
            comparison = said.compare(*groups.compare) if groups.compare else None
        except AnnotationError as error:  # an image that it needs was not read
            batch.failed["comparison"] = str(error)
        ClassTable(fields, cells, micronuclei).write(out, formats)
        write_summary(said, out / "summary.csv", comparison)
    if fields or batch.failed:
        batch.write_run(fields, options)
    why = {str(batch.files[i]): parts["uncounted"] for i, parts in batch.found.items() if parts["uncounted"]}
    found = (fields, batch.failed, cells, said, comparison, micronuclei, why)
    return ClassifiedBatch(*found, batch.unpictured, len(batch.kept))
