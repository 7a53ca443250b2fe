"""Classified cells into a folder, as they are on screen."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.classify.report import Scored, compared
from napari_hemalens.gui.copying import Copied, copy_steps
from napari_hemalens.gui.unsaved import SAVED
from napari_hemalens.records.classified import Classified
from napari_hemalens.reports.assay import Comparison
from napari_hemalens.reports.class_tables import ClassTable, check_class_formats
from napari_hemalens.reports.classes import write_summary
from napari_hemalens.reports.detections import write_run
from napari_hemalens.workflows.annotations import FORMATS, file_stems
from napari_hemalens.workflows.labels import write_labels
from napari_hemalens.workflows.ome_zarr import ImageCopy, names_of_copies, split_formats

_REPORTED = ("summary.csv", "run.json")


def save_classified_steps(
    scored: Scored,
    recipe: ClassificationRecipe,
    folder: Path,
    groups: tuple[str, str] | None = None,
    *,
    formats: Sequence[str] = ("csv",),
) -> Generator[str, None, None]:
    """Write classified cells with the words of a person, and how they came about.

    Yields sentences, what was done at the end. Formats that need a package which is not there are refused before
    anything is written.

    Parameters
    ----------
    scored : Scored
        What is saved.
    recipe : ClassificationRecipe
        Of the last run.
    folder : Path
        Where to.
    groups : (str, str), optional
        Two groups to compare, the control first.
    formats : sequence of str
        Of the table of cells, as `workflows.classify_files_steps` takes them.
    """
    cells = scored.results
    try:
        in_tables, in_zarr = split_formats(formats)
        check_class_formats(in_tables)
        summary = scored.summary()
        found = compared(summary, groups)
        written = ClassTable(cells, scored.cells, scored.micronuclei).write(folder, in_tables)
        write_summary(summary, folder / "summary.csv", found if isinstance(found, Comparison) else None)
        write_run(cells, _options(scored, recipe, groups), folder / "run.json")
        _write_labels(scored, cells, folder)
    except (HemaLensError, OSError) as error:
        yield f"Nothing could be saved in {folder}: {error}"
        return
    saved = f"{SAVED} {', '.join((*(path.name for path in written), *_REPORTED))} in {folder}."
    if in_zarr:
        yield saved  # also where the copies are stopped
    copied = (yield from copy_steps(copies_of(scored), folder)) if in_zarr else Copied()
    reason = f"Not compared: {found}" if isinstance(found, str) else ""
    yield " ".join(filter(None, (saved, copied.words, reason)))


def files_of_classified(scored: Scored, folder: Path, formats: Sequence[str] = ("csv",)) -> tuple[Path, ...]:
    """Return the files and folders that `save_classified_steps` writes.

    Raises
    ------
    AnnotationError
        If a format needs a package that is not installed.
    """
    in_tables, in_zarr = split_formats(formats)
    tables = (*(FORMATS[name].target for name in check_class_formats(in_tables)), *_REPORTED)
    copies = names_of_copies(scored.results) if in_zarr else ()
    labels = (path for path, each in _label_files(scored, folder) if each is not None)
    return (*(folder / name for name in (*tables, *copies)), *labels)


def _options(scored: Scored, recipe: ClassificationRecipe, groups: tuple[str, str] | None) -> dict[str, Any]:
    return recipe.model_dump(mode="json") | {
        "cells": list(scored.cells_by) if scored.cells else None,
        "design": {name: asdict(sample) for name, sample in (scored.design or {}).items()} or None,
        "compare": groups,
    }


def copies_of(scored: Scored) -> list[ImageCopy]:
    """Return the images with their cells."""
    return [ImageCopy(*each) for each in zip(scored.images, scored.results, scored.labels, strict=True)]


def _label_files(scored: Scored, folder: Path) -> Iterator[tuple[Path, NDArray[Any] | None]]:
    stems = file_stems([each.cells.provenance.title for each in scored.reviewed])
    for stem, labels in zip(stems, scored.labels, strict=False):
        yield folder / f"{stem}.labels.tif", labels


def _write_labels(scored: Scored, cells: Sequence[Classified], folder: Path) -> None:
    """Write the outlines beside their classes, so that both can become training data."""
    for (path, labels), each in zip(_label_files(scored, folder), cells, strict=False):
        if labels is not None:
            write_labels(labels, path, pixel_size_um=each.provenance.pixel_size_um)
