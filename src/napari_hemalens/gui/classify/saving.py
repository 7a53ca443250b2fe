"""Classified cells into a folder, as they are on screen."""

from collections.abc import Generator, Sequence
from pathlib import Path

from napari_hemalens import assay, classified_tables, tables
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.classify.judged import Judged
from napari_hemalens.recipes import ClassificationRecipe


def save_classified_steps(
    judged: Sequence[Judged], recipe: ClassificationRecipe, folder: Path
) -> Generator[str, None, None]:
    """Write classified cells with the words of a person, and how they came about; yields a sentence at the end."""
    cells, words = [each.cells for each in judged], [each.given for each in judged]
    try:
        classified_tables.write_cells(cells, folder / "cells.csv", words)
        classified_tables.write_summary(assay.summary([each.current for each in judged]), folder / "summary.csv")
        tables.write_run(cells, recipe.model_dump(mode="json"), folder / "run.json")
    except (HemaLensError, OSError) as error:
        yield f"Nothing could be saved in {folder}: {error}"
        return
    yield f"Saved cells.csv, summary.csv, run.json in {folder}."
