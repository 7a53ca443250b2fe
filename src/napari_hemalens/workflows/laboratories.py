"""Weights measured on the cells of each laboratory: how they are named, and how they are found."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_hemalens.config.options import DetectionRecipe, DeviceName
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import Steps

if TYPE_CHECKING:
    from napari_hemalens.evaluation.known_cells import KnownCellsReport
    from napari_hemalens.evaluation.laboratory_report import LaboratoryReport


def evaluate_laboratories_steps(
    data: str | Path,
    weights: str | Path,
    *,
    split: str = "choose",
    device: DeviceName = "auto",
    out: str | Path | None = None,
) -> Steps["LaboratoryReport"]:
    """Measure weights on a table of cells by box, for each laboratory; returns the figures, and writes them to `out`.

    Parameters
    ----------
    data : path
        Folder with `cells.csv`, as `hemalens prepare nucleated` writes it.
    weights : path
        Packed or installed weights by name, or a file.
    split : str
        Part of the table: 'choose', 'val' or 'train'.
    device : {'auto', 'cpu', 'cuda', 'mps'}
        Where to compute.
    out : path, optional
        Folder for `report.json`, `report.md` and a reliability diagram.
    """
    with explain_missing_packages():
        from napari_hemalens.evaluation.laboratory_report import evaluate_steps  # noqa: PLC0415 -- loads torch

    card = classifier_card(weights)
    place = None if out is None else Path(out)
    return (yield from evaluate_steps(Path(data), card, part=split, device_name=device, out=place))


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
