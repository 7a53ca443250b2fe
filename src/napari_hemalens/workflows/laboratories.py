"""Weights measured on the cells of each laboratory: how they are named, and how they are found."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_hemalens.config.options import ClassificationRecipe, DetectionRecipe
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.progress import Steps

if TYPE_CHECKING:
    from napari_hemalens.evaluation.known_cells import KnownCellsReport
    from napari_hemalens.evaluation.laboratory_report import LaboratoryReport


def evaluate_laboratories_steps(
    data: str | Path,
    recipe: ClassificationRecipe,
    *,
    split: str = "choose",
    laboratories: Sequence[str] = (),
    out: str | Path | None = None,
) -> Steps["LaboratoryReport"]:
    """Measure weights on a table of cells by box, for each laboratory; returns the figures, and writes them to `out`.

    Parameters
    ----------
    data : path
        Folder with `cells.csv`, as `hemalens prepare nucleated` writes it.
    recipe : ClassificationRecipe
        Weights, views, device; pixel sizes are those of the table.
    split : str
        Part of the table: 'choose', 'val' or 'train'.
    laboratories : sequence of str
        Those that are measured; all by default.
    out : path, optional
        Folder for `report.json`, `report.md` and a reliability diagram.
    """
    with explain_missing_packages():
        from napari_hemalens.evaluation.laboratory_report import evaluate_steps  # noqa: PLC0415 -- loads torch

    place = None if out is None else Path(out)
    return (yield from evaluate_steps(Path(data), recipe, part=split, laboratories=tuple(laboratories), out=place))


def evaluate_known_cells_steps(
    data: str | Path,
    recipe: DetectionRecipe,
    *,
    split: str = "choose",
    laboratories: Sequence[str] = (),
    out: str | Path | None = None,
) -> Steps["KnownCellsReport"]:
    """Measure how many cells of a table a detector finds and names right, whatever else it finds in their images.

    Parameters
    ----------
    data : path
        Folder with `cells.csv`, as `hemalens prepare nucleated` writes it.
    recipe : DetectionRecipe
        Weights and how they are used; pixel sizes are those of the table.
    split : str
        Part of the table: 'choose', 'val' or 'train'.
    laboratories : sequence of str
        Those whose cells are looked for; all by default.
    out : path, optional
        Folder for `report.json` and `report.md`.
    """
    with explain_missing_packages():
        from napari_hemalens.evaluation.known_cells import evaluate_steps  # noqa: PLC0415 -- loads torch

    place = None if out is None else Path(out)
    return (yield from evaluate_steps(Path(data), recipe, part=split, laboratories=tuple(laboratories), out=place))
