"""Cells of many image files: found, counted, written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.figures.detections import overlay
from napari_hemalens.formats import FORMATS, check_formats
from napari_hemalens.formats.naming import check_apart
from napari_hemalens.models.weights import detector_card, whole_hashes
from napari_hemalens.progress import Steps
from napari_hemalens.records.detections import Detections
from napari_hemalens.slides.colours import choose_colours
from napari_hemalens.slides.open import open_image
from napari_hemalens.workflows.batch import Batch, Parts, start_batch
from napari_hemalens.workflows.detection import detect_steps, write_tables
from napari_hemalens.workflows.results_folder import ResultsFolder, RunIdentity, hold_folder

_PICTURE = ".overlay.png"
_TABLES = ("counts.csv", "differential.csv", "run.json")


def detect_files_steps(
    files: Sequence[Path],
    recipe: DetectionRecipe,
    out: Path | ResultsFolder,
    *,
    formats: Sequence[str] = ("csv", "coco"),
) -> Steps[Batch[Detections]]:
    """Find the cells of many image files and write tables, annotations and overlays to a folder.

    What is found in an image is kept in the folder at once: the same run into the same folder goes on from there.
    An image that cannot be read is reported, and the rest goes on. The tables are written also when the run is
    stopped; overlays come last. Yields after every image, and after every tile of large ones.

    Raises
    ------
    HemaLensError
        Before the first image, if formats, weights, device or folder cannot be used; if the disk is full.
    """
    check_formats(formats)  # before hours of work
    folder = ResultsFolder.of(out)
    check_apart(folder.path, files)
    naming = recipe.naming or detector_card(recipe.weights).naming
    run = RunIdentity("detect", recipe.model_dump(mode="json"), whole_hashes(recipe.weights, naming))
    tables = (*(FORMATS[name].target for name in formats), *_TABLES)
    batch = start_batch(files, folder, run, endings=(_PICTURE,), tables=tables)
    with hold_folder(folder, batch.run):
        _check_device(recipe)

        def find(i: int) -> Steps[Parts]:
            with open_image(files[i], frame=recipe.frame or ()) as opened:
                return {"cells": (yield from detect_steps(opened, recipe))}

        def draw(i: int, parts: Parts) -> None:
            with open_image(files[i], frame=recipe.frame or ()) as opened, writing(batch.target(i, _PICTURE)) as path:
                overlay(choose_colours(opened, recipe.channel), parts["cells"]).save(path)

        try:
            yield from batch.find_steps(find, lambda i: (files[i],))
        finally:
            fields: tuple[Any, ...] = batch.column("cells")
            if fields or batch.failed:
                write_tables(fields, recipe, folder.path, formats=formats)
                batch.write_run(fields, recipe.model_dump(mode="json"))
        yield from batch.draw_steps(draw, _PICTURE)
    return Batch(fields, batch.failed, batch.unpictured, len(batch.kept))


def _check_device(recipe: DetectionRecipe) -> None:
    from napari_hemalens.inference import device  # noqa: PLC0415 -- loads torch

    device.choose(recipe.device)
