"""Classified cells into a folder, as they are on screen."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.classify.report import Scored, compared
from napari_hemalens.gui.unsaved import SAVED
from napari_hemalens.records.classified import Classified
from napari_hemalens.reports.assay import Comparison
from napari_hemalens.reports.classes import write_cells, write_summary
from napari_hemalens.reports.detections import write_run
from napari_hemalens.workflows.annotations import file_stems
from napari_hemalens.workflows.labels import write_labels

_TABLES = ("cells.csv", "summary.csv", "run.json")


def save_classified_steps(
    scored: Scored, recipe: ClassificationRecipe, folder: Path, groups: tuple[str, str] | None = None
) -> Generator[str, None, None]:
    """Write classified cells with the words of a person, and how they came about; yields a sentence at the end.

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
    """
    cells = [each.current for each in scored.reviewed]
    options = recipe.model_dump(mode="json") | {
        "cells": list(scored.cells_by) if scored.cells else None,
        "design": {name: asdict(sample) for name, sample in (scored.design or {}).items()} or None,
        "compare": groups,
    }
    try:
        summary = scored.summary()
        found = compared(summary, groups)
        write_cells(cells, folder / "cells.csv", cells=scored.cells, micronuclei=scored.micronuclei)
        write_summary(summary, folder / "summary.csv", found if isinstance(found, Comparison) else None)
        write_run(cells, options, folder / "run.json")
        _write_labels(scored, cells, folder)
    except (HemaLensError, OSError) as error:
        yield f"Nothing could be saved in {folder}: {error}"
        return
    reason = f" Not compared: {found}" if isinstance(found, str) else ""
    yield f"{SAVED} {', '.join(_TABLES)} in {folder}.{reason}"


def files_of_classified(scored: Scored, folder: Path) -> tuple[Path, ...]:
    """Return the files that `save_classified_steps` writes."""
    labels = (path for path, each in _label_files(scored, folder) if each is not None)
    return (*(folder / name for name in _TABLES), *labels)


def _label_files(scored: Scored, folder: Path) -> Iterator[tuple[Path, NDArray[Any] | None]]:
    stems = file_stems([each.current.provenance.title for each in scored.reviewed])
    for stem, labels in zip(stems, scored.labels, strict=False):
        yield folder / f"{stem}.labels.tif", labels


def _write_labels(scored: Scored, cells: Sequence[Classified], folder: Path) -> None:
    """Write the outlines beside their classes, so that both can become training data."""
    for (path, labels), each in zip(_label_files(scored, folder), cells, strict=False):
        if labels is not None:
            write_labels(labels, path, pixel_size_um=each.provenance.pixel_size_um)
