"""Detectors measured where a microscope is not at its best."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.evaluation.selection import FieldSeries
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.progress import Steps

if TYPE_CHECKING:
    from napari_hemalens.evaluation.robustness_report import RobustnessReport


def evaluate_robustness_steps(
    data: str | Path,
    recipe: DetectionRecipe,
    series: FieldSeries,
    *,
    split: str = "val",
    out: str | Path | None = None,
) -> Steps["RobustnessReport"]:
    """Measure weights on large fields put together from annotated tiles, crowded and perturbed.

    Parameters
    ----------
    data : path
        Annotated images in any format that `formats.read_annotations` reads, all of one scale.
    recipe : DetectionRecipe
        Weights, device, score threshold, and the pixel size of images that have none.
    series : FieldSeries
        The fields that are composed for each line of the table; they show no tile twice before they have shown all.
    split : str
        Part of the data; the weights must not have been trained on it.
    out : path, optional
        Folder for the tables, the curves and a picture of a field of each line.

    Raises
    ------
    HemaLensError
        If there are no annotations, no pixel size, or no tile with a nucleated cell.
    """
    with explain_missing_packages():
        from napari_hemalens.evaluation import robustness  # noqa: PLC0415 -- loads torch

    return (
        yield from robustness.evaluate_steps(Path(data), recipe, series, split=split, out=Path(out) if out else None)
    )
