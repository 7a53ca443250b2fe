"""Cells of many image files: found, counted, written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_hemalens.atomic import writing
from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.figures.detections import overlay
from napari_hemalens.formats import FORMATS, check_formats
from napari_hemalens.formats.naming import check_apart
from napari_hemalens.models.weights import detector_card, whole_hashes
from napari_hemalens.progress import Steps, finish
from napari_hemalens.records.detections import Detections
from napari_hemalens.slides.colours import choose_colours
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.batch import Batch, BatchInProgress, Parts, start_batch
from napari_hemalens.workflows.detection import detect_steps, write_tables
from napari_hemalens.workflows.finding import find_all_steps
from napari_hemalens.workflows.ome_zarr import ENDING, OME_ZARR, split_formats, write_ome_zarr_steps
from napari_hemalens.workflows.results_folder import ResultsFolder, RunIdentity, hold_folder

_PICTURE = ".overlay.png"
_TABLES = ("counts.csv", "differential.csv", "run.json")


@dataclass(frozen=True, slots=True)
class _Detection:
    """What is asked of each image."""

    recipe: DetectionRecipe
    batch: BatchInProgress
    endings: tuple[str, ...] = ()
    blocks: None = None

    @property
    def tiled(self) -> DetectionRecipe:
        """How slides are cut into tiles that the workers of a cluster share."""
        return self.recipe

    def inputs(self, i: int) -> tuple[Path, ...]:
        """Return the image of this index."""
        return (self.batch.files[i],)

    def only(self, i: int) -> "_Detection":
        """Return what is asked of one image."""
        return _Detection(self.recipe, self.batch.only(i))

    def find_steps(self, i: int) -> Steps[Parts]:
        """Find the cells of the image of this index."""
        with self._open(i) as opened:
            return {"cells": (yield from detect_steps(opened, self.recipe))}

    def draw(self, i: int, parts: Parts) -> None:
        """Draw the boxes over an image."""
        with self._open(i) as opened, writing(self.batch.target(i, _PICTURE)) as path:
            overlay(choose_colours(opened, self.recipe.channel), parts["cells"]).save(path)

    def copy(self, i: int, parts: Parts) -> None:
        """Write an image with its cells as OME-Zarr."""
        with self._open(i) as opened:
            finish(write_ome_zarr_steps(opened, parts["cells"], self.batch.target(i, ENDING)))

    def _open(self, i: int) -> Slide:
        return open_image(self.batch.files[i], frame=self.recipe.frame or ())


def detect_files_steps(
    files: Sequence[Path],
    recipe: DetectionRecipe,
    out: Path | ResultsFolder,
    *,
    formats: Sequence[str] = ("csv", "coco"),
    cluster: ClusterRecipe | None = None,
) -> Steps[Batch[Detections]]:
    """Find the cells of many image files and write tables, annotations and overlays to a folder.

    What is found in an image is kept in the folder at once: the same run into the same folder goes on from there.
    An image that cannot be read is reported, and the rest goes on. The tables are written also when the run is
    stopped; overlays come last, and with the format 'ome-zarr' each image with its cells, `<stem>.ome.zarr`. Yields
    after every image, and after every tile of large ones.

    Parameters
    ----------
    files : sequence of Path
        The images.
    recipe : DetectionRecipe
        How.
    out : Path or ResultsFolder
        The folder; made if missing.
    formats : sequence of str
        Of annotations.
    cluster : ClusterRecipe, optional
        Where the images are looked at; by default in this process. The results are the same.

    Raises
    ------
    HemaLensError
        Before the first image, if formats, weights, device, folder or cluster cannot be used; if the disk is full or
        the cluster goes away.
    """
    in_tables, in_zarr = split_formats(formats)
    check_formats(in_tables, beside=(OME_ZARR,))  # before hours of work
    folder = ResultsFolder.of(out)
    check_apart(folder.path, files)
    naming = recipe.naming or detector_card(recipe.weights).naming
    run = RunIdentity("detect", recipe.model_dump(mode="json"), whole_hashes(recipe.weights, naming))
    tables = (*(FORMATS[name].target for name in in_tables), *_TABLES)
    batch = start_batch(files, folder, run, endings=(_PICTURE, *((ENDING,) if in_zarr else ())), tables=tables)
    asked = _Detection(recipe, batch)
    with hold_folder(folder, batch.run):
        if cluster is None:
            _check_device(recipe)
        try:
            yield from find_all_steps(asked, (recipe.weights, naming), cluster)
        finally:
            fields: tuple[Any, ...] = batch.column("cells")
            if fields or batch.failed:
                write_tables(fields, recipe, folder.path, formats=in_tables)
                batch.write_run(fields, recipe.model_dump(mode="json"))
        yield from batch.draw_steps(asked.draw, _PICTURE)
        if in_zarr:
            yield from batch.draw_steps(asked.copy, ENDING)
    return Batch(fields, batch.failed, batch.unpictured, len(batch.kept))


def _check_device(recipe: DetectionRecipe) -> None:
    from napari_hemalens.inference import device  # noqa: PLC0415 -- loads torch

    device.choose(recipe.device)
