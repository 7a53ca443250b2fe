"""Micronuclei counted at the nuclei of one image; how well that is done."""

from pathlib import Path
from typing import Any

import numpy as np

from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation import micronuclei as micronuclei_measures
from napari_hemalens.evaluation.micronuclei import CountReport
from napari_hemalens.progress import Steps
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.segmentation import micronuclei
from napari_hemalens.segmentation.labels import check_labels
from napari_hemalens.segmentation.micronuclei import Micronuclei
from napari_hemalens.workflows.images import Frame, as_slide


def count_micronuclei(
    image: Any, labels: Any, *, bodies: Any = None, axes: str | None = None, frame: Frame = ()
) -> Micronuclei:
    """Count the micronuclei of each nucleus of a label image.

    What is found is not what is reported: `assay.summary` takes the counts, and there the class of a nucleus decides
    whether it has any.

    Parameters
    ----------
    image : path, array or Slide
        A fluorescence image, as in `detect`; with `bodies`, any.
    labels : (H, W) array of whole numbers
        The nuclei, one number each.
    bodies : (H, W) array of whole numbers, optional
        Micronuclei that are known, as drawn by hand: what is connected and has one value is one, and belongs to the
        nearest nucleus. Without it, they are found.
    axes, frame
        As in `detect`.

    Returns
    -------
    Micronuclei
        `labels` (H, W), in which each micronucleus has the number of its nucleus, and `counts` (N,), by ascending
        number of the nuclei, as in `Classified`.

    Raises
    ------
    HemaLensError
        If image, labels and bodies do not fit each other, or micronuclei are to be found in an image that is a stained
        one or too large.
    """
    slide = as_slide(image, axes=axes, frame=frame)
    nuclei = CellMap.from_labels(check_labels(labels, slide.shape))
    if bodies is None:
        return micronuclei.find_micronuclei(slide, nuclei)
    drawn = np.asarray(bodies)
    if drawn.shape != slide.shape or drawn.dtype.kind not in "bui":
        raise AnnotationError(
            f"Micronuclei of shape {drawn.shape} and type {drawn.dtype} do not fit an image of "
            f"{slide.shape[0]} x {slide.shape[1]} pixels: whole numbers, 0 for none."
        )
    return micronuclei.assign_micronuclei(drawn, nuclei)


def evaluate_micronuclei_steps(
    data: str | Path, *, split: str = "val", out: str | Path | None = None
) -> Steps[CountReport]:
    """Measure the counts of micronuclei on nuclei whose outlines and classes are given; writes the figures to `out`.

    Parameters
    ----------
    data : path
        Folder as `formats.named_cells` describes it, with a column `micronuclei` in its tables.
    split : str
        Part of the data.
    out : path, optional
        Folder for `report.json` and `report.md`.
    """
    return (yield from micronuclei_measures.evaluate_steps(Path(data), split=split, out=Path(out) if out else None))
