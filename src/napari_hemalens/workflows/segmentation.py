"""Cells of images told from their surroundings without a network: as labels, measured, written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.evaluation import segmentation as segmentation_measures
from napari_hemalens.evaluation.segmentation import SegmentationReport
from napari_hemalens.formats.naming import check_apart
from napari_hemalens.progress import Steps, finish
from napari_hemalens.segmentation import files as written
from napari_hemalens.segmentation import segment as segmenting
from napari_hemalens.segmentation.record import CellMeasures, Segmentation
from napari_hemalens.slides.channels import choose_channel
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.region import Region
from napari_hemalens.workflows.batch import Batch, Parts, start_batch
from napari_hemalens.workflows.images import Frame, as_slide
from napari_hemalens.workflows.results_folder import ResultsFolder, RunIdentity, hold_folder

_WRITTEN = (".labels.tif", ".outline.png")
_MEASURED = ("areas", "centres", "nucleus_areas", "provenance")


def segment(
    image: Any,
    recipe: SegmentationRecipe | None = None,
    *,
    region: Region | None = None,
    axes: str | None = None,
    frame: Frame = (),
    **options: Any,
) -> Segmentation:
    """Outline the nucleated cells of a stained smear, or the nuclei of a fluorescence image.

    Parameters
    ----------
    image : path, array or Slide
        As in `detect`.
    recipe : SegmentationRecipe, optional
        How; or give its options as keywords: `segment(image, kind="fluorescence", threshold=1.2)`.
    region : (int, int, int, int), optional
        y0, x0, y1, x1 in level-0 pixels; all of the image by default.
    axes, frame
        As in `detect`.
    **options
        Options of `SegmentationRecipe`, on top of `recipe`.

    Returns
    -------
    Segmentation
        Labels (H, W), one id a cell; those of smears with their nuclei.

    Raises
    ------
    HemaLensError
        If the image cannot be read, is too large to be segmented at once, or an option is unknown.

    Examples
    --------
    >>> import napari_hemalens
    >>> cells = napari_hemalens.segment("smear.tif")  # doctest: +SKIP
    >>> named = napari_hemalens.classify("smear.tif", cells.labels)  # doctest: +SKIP
    """
    chosen = (recipe or SegmentationRecipe()).model_dump() | options
    asked = SegmentationRecipe.from_options(**chosen)
    slide = as_slide(image, axes=axes, frame=frame or asked.frame or ())
    return finish(segment_steps(slide, asked, region=region))


def segment_steps(image: Any, recipe: SegmentationRecipe, *, region: Region | None = None) -> Steps[Segmentation]:
    """Outline the cells of an image, or of a region of it; yields `Progress`."""
    return (yield from segmenting.segment_steps(as_slide(image, frame=recipe.frame or ()), recipe, region=region))


def segment_files_steps(
    files: Sequence[Path], recipe: SegmentationRecipe, out: Path | ResultsFolder
) -> Steps[Batch[CellMeasures]]:
    """Outline the cells of many image files and write labels, pictures and a table to a folder.

    An image that cannot be read is reported, and the rest goes on. What is found in an image is kept at once: the same
    run into the same folder goes on from there. Yields after every image.

    Raises
    ------
    RecipeError
        If the folder is that of the images, or cannot be used.
    """
    folder = ResultsFolder.of(out)
    check_apart(folder.path, files)
    options = recipe.model_dump(mode="json")
    run = RunIdentity("segment", options, {})
    batch = start_batch(files, folder, run, endings=(*_WRITTEN, ".nuclei.tif"), tables=("cells.csv", "run.json"))

    def find(i: int) -> Steps[Parts]:
        with open_image(files[i], frame=recipe.frame or ()) as opened:
            slide = choose_channel(opened, recipe.channel)
            found = yield from segment_steps(slide, recipe)
            written.write_images(slide, found, folder.path, batch.stems[i])
        measured = CellMeasures.from_segmentation(found)
        return {"cells": measured.ids, **{name: getattr(measured, name) for name in _MEASURED}}

    with hold_folder(folder, batch.run):
        try:
            yield from batch.find_steps(find, lambda i: (files[i],), _WRITTEN)
        finally:
            columns = zip(*(batch.column(name) for name in ("cells", *_MEASURED)), strict=True)
            fields = tuple(CellMeasures(*measured) for measured in columns)
            if fields or batch.failed:
                written.write_measures(fields, folder.path / "cells.csv")
                batch.write_run(fields, options)
    return Batch(fields, batch.failed, batch.unpictured, len(batch.kept))


def evaluate_segmentation_steps(
    data: str | Path,
    recipe: SegmentationRecipe,
    *,
    split: str = "val",
    leave_out: int | None = None,
    out: str | Path | None = None,
) -> Steps[SegmentationReport]:
    """Measure a segmentation against outlines drawn by people; returns the figures, and writes them to `out`.

    Parameters
    ----------
    data : path
        Folder of `images/` with `masks/` (0 background, 1 cytoplasm, 2 nucleus), or with label images in `nuclei/` and
        tables `<part>.csv`.
    recipe : SegmentationRecipe
        How.
    split : str
        Part of the data, where there are tables.
    leave_out : int, optional
        Every so manyth image, by name and from the first, is left out: those that something was tuned on.
    out : path, optional
        Folder for `report.json` and `report.md`.
    """
    return (
        yield from segmentation_measures.evaluate_steps(
            Path(data), recipe, split=split, leave_out=leave_out, out=Path(out) if out else None
        )
    )
