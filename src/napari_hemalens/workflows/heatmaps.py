"""Heatmaps measured: whether they point at what makes a cell of its class."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.evaluation.selection import CellSelection
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.progress import Steps
from napari_hemalens.workflows.classification import classifier_card

if TYPE_CHECKING:
    from napari_hemalens.evaluation.heatmap_report import HeatmapReport


def evaluate_heatmaps_steps(
    selection: CellSelection,
    recipe: ExplanationRecipe,
    *,
    methods: Sequence[str] = (),
    out: str | Path | None = None,
) -> Steps["HeatmapReport"]:
    """Measure heatmaps on cells whose micronuclei are outlined; returns the figures, and writes them to `out`.

    Of the cells that are rightly called micronucleated, by each method: whether the hottest point lies on a
    micronucleus, how much of the heatmap does, how far the probability falls when the hottest places are removed, and
    whether the maps of a network with random weights are others; the first three beside those of chance.

    Parameters
    ----------
    selection : CellSelection
        Folder, part and names of the images; the folder has outlines in
        `micronuclei/`. The weights must not have been trained on them.
    recipe : ExplanationRecipe
        Weights and device.
    methods : sequence of str
        Names of `heatmaps.methods`; empty: all of the network.
    out : path, optional
        Folder for tables and a picture of some cells.

    Raises
    ------
    HemaLensError
        If the weights answer another task, the network has no such method, or the data has no outlines.
    """
    with explain_missing_packages():
        from napari_hemalens.evaluation import heatmaps as heatmap_evaluation  # noqa: PLC0415 -- loads torch

    return (
        yield from heatmap_evaluation.evaluate_steps(
            selection,
            classifier_card(recipe),
            methods=methods,
            out=Path(out) if out else None,
            device_name=recipe.device,
        )
    )
