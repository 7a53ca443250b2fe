"""Nuclei of tissue measured, where people marked them by points."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.evaluation.selection import PointSelection
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.progress import Steps

if TYPE_CHECKING:
    from napari_hemalens.evaluation.points import PointReport


def evaluate_points_steps(
    selection: PointSelection,
    recipe: DetectionRecipe,
    *,
    radius: float | None = None,
    out: str | Path | None = None,
) -> Steps["PointReport"]:
    """Measure weights on nuclei that are marked by points; returns the figures, and writes them to `out`.

    Every nucleated class of the weights counts as a nucleus. Boxes and points are paired one to one within a radius
    (`evaluation.point_measures`); what is found at unsure points is neither right nor wrong.

    Parameters
    ----------
    selection : PointSelection
        Which images are measured, and on which the score threshold is chosen.
    recipe : DetectionRecipe
        Weights, pixel size, device, and the score threshold where it is given.
    radius : float, optional
        Greatest distance of the centre of a box from a point, in pixels of the image; by default half the diameter of
        a nucleus.
    out : path, optional
        Folder for tables and curves.

    Raises
    ------
    HemaLensError
        If the folder holds no points, a name fits no image, or the pixel size is neither given nor in the image.
    """
    with explain_missing_packages():
        from napari_hemalens.evaluation import points as point_evaluation  # noqa: PLC0415 -- loads torch

    report = yield from point_evaluation.evaluate_steps(selection, recipe, radius=radius)
    if out is not None:
        report.write(Path(out))
    return report
