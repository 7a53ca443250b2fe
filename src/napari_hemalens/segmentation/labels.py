"""Labels from elsewhere (cellpose, StarDist, drawn by hand), checked once where they enter."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from napari_hemalens.errors import AnnotationError
from napari_hemalens.segmentation.shapes import Labels

_SPECK = 0.05  # fraction of the median part; smaller parts are slips of the brush
_PARTS = 2.0  # parts per id; with more, ids do not stand for cells


def check_labels(labels: Any, image_shape: tuple[int, int]) -> Labels:
    """Return labels as (H, W) int32 with their ids unchanged.

    Parameters
    ----------
    labels : array-like
        Whole numbers, 0 for the background; ids may have gaps and exceed 65,535.
    image_shape : (int, int)
        Height and width of the image that they belong to.

    Raises
    ------
    AnnotationError
        If they are not labels of that image, or contain no cell.
    """
    array = np.asarray(labels)
    if array.dtype.kind not in "bui":
        raise AnnotationError(
            f"Values of type {array.dtype} are not labels: labels are whole numbers, one per cell, "
            "0 for the background."
        )
    if array.ndim != 2:
        raise AnnotationError(f"Labels of shape {array.shape} have {array.ndim} axes: give one plane, (Y, X).")
    if array.shape != tuple(image_shape):
        raise AnnotationError(
            f"Labels of {array.shape[0]} x {array.shape[1]} pixels do not fit an image of "
            f"{image_shape[0]} x {image_shape[1]}."
        )
    if not array.any():
        raise AnnotationError("The labels hold no cell: every pixel is 0.")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > np.iinfo(np.int32).max:
        raise AnnotationError(f"Labels of {low} to {high} are out of range: ids are 0 to {np.iinfo(np.int32).max}.")
    return array.astype(np.int32, copy=False)


def is_semantic(labels: NDArray[Any]) -> bool:
    """Return whether labels are a semantic mask, where one id stands for many cells.

    That is so where there are more than twice as many parts as ids. A few cells drawn in two pieces are not a semantic
    mask; nor is a single cell.
    """
    sizes = np.bincount(numbered_parts(labels).ravel())[1:]
    if not len(sizes):
        return False
    ids = np.unique(labels)
    whole = int(np.sum(sizes >= _SPECK * np.median(sizes)))
    return whole > _PARTS * int(np.sum(ids != 0))


def relabel_pieces(labels: NDArray[Any]) -> Labels:
    """Give each connected part of the foreground its own id, whatever ids the parts had.

    Touching parts with different ids are one cell, as a nucleus and its cytoplasm; parts that only meet at a corner are
    two. Ask the user first: only a person can tell whether a cell in two pieces is one.
    """
    parts: Labels = label(np.asarray(labels) != 0, connectivity=1).astype(np.int32)
    return parts


def numbered_parts(labels: NDArray[Any]) -> Labels:
    """Return the connected parts of each id, numbered."""
    parts: Labels = label(np.asarray(labels), connectivity=1, background=0).astype(np.int32)
    return parts
