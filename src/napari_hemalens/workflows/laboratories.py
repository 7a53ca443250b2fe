"""Weights of nucleated cells measured by laboratory."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_hemalens.config.options import DeviceName
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import Steps
from napari_hemalens.workflows.optional_packages import explain_missing_packages

if TYPE_CHECKING:
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
