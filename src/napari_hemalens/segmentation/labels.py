"""Labels from elsewhere: cellpose, StarDist, a hand. Checked once, where they enter."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from napari_hemalens.errors import AnnotationError
from napari_hemalens.segmentation.shapes import Labels

_SPECK = 0.05  # of the median part: less is a slip of the brush, no cell
_PARTS = 2.0  # parts an id, above which ids do not stand for cells


def check_labels(labels: Any, image_shape: tuple[int, int]) -> Labels:
    """Return labels as (H, W) int32, ids as they are.

    Parameters
    ----------
    labels : array-like
        Whole numbers, 0 for the background; ids need not follow each other, and may be above 65,535.
    image_shape : (int, int)
        Height and width of the image that they belong to.

    Raises
    ------
    AnnotationError
        If they are no labels of that image, or hold no cell.
    """
    array = np.asarray(labels)
    if array.dtype.kind not in "bui":
        raise AnnotationError(
            f"A mask of {array.dtype} values names no cells: labels are whole numbers, one a cell, "
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
    """Return whether an id stands for many cells: as a mask of all nuclei has 1 for each of them.

    That is so where there are more than twice as many parts as ids. A few cells drawn in two pieces are no semantic
    mask; nor is one cell alone.
    """
    sizes = np.bincount(numbered_parts(labels).ravel())[1:]
    if not len(sizes):
        return False
    ids = np.unique(labels)
    whole = int(np.sum(sizes >= _SPECK * np.median(sizes)))
    return whole > _PARTS * int(np.sum(ids != 0))


def relabel_pieces(labels: NDArray[Any]) -> Labels:
    """Return an id of its own for each part of the foreground, whatever ids the parts had.

    Parts of different ids that touch are one cell, as a nucleus and its cytoplasm; parts that meet at a corner only are
    two. To be called after asking: nobody else can say whether a cell in two pieces is one.
    """
    parts: Labels = label(np.asarray(labels) != 0, connectivity=1).astype(np.int32)
    return parts


def numbered_parts(labels: NDArray[Any]) -> Labels:
    """Return the connected parts of each id, numbered."""
    parts: Labels = label(np.asarray(labels), connectivity=1, background=0).astype(np.int32)
    return parts
