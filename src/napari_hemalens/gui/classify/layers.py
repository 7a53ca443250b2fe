"""Classified cells become a Labels layer, and layers become cells to classify. No Qt, no torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from napari.layers import Image, Labels, Layer, Points, Shapes
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray
from pydantic import field_validator
from skimage.draw import ellipse

from napari_hemalens.design import Sample
from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.classify.judged import Judged
from napari_hemalens.gui.layers import MARK, LayerData, boxes_of, placed_like, rgba
from napari_hemalens.scoring import that_count
from napari_hemalens.taxonomy import cell_class

CellsOf: TypeAlias = Callable[[tuple[int, int]], NDArray[Any]]
"""Makes the labels of an image of that height and width; run in the worker."""

OPACITY = 0.55
"""Of the layer: cells are seen through their colours."""

HIGHEST = 1 << 26
"""Cells with greater numbers cannot be coloured: napari colours by a table of all numbers."""

_UNSEEN = np.array((0.5, 0.5, 0.5, 0.5))  # cells that the run has not come to
_CLEAR = np.zeros(4)
_FAINT = 0.3  # of the other cells, while one is looked at


class ClassColours(DirectLabelColormap):
    """A colour a cell, also for numbers above 65,536, which napari colours only where numba is installed.

    Colours are given as arrays of four, and taken as they are: napari reads each as if it were a word, which takes
    a quarter of a second for 20,000 cells.
    """

    @field_validator("color_dict", mode="before")
    @classmethod
    def _validate_color_dict(cls, given: Mapping[int | None, Any]) -> Mapping[int | None, Any]:
        return given

    @cached_property
    def _array_map(self) -> NDArray[Any]:
        places, colours = self._values_mapping_to_minimum_values_set()
        numbers = np.array([number for number in places if number is not None], dtype=np.int64)
        table = np.zeros(int(numbers.max(initial=0)) + 2, dtype=np.min_scalar_type(len(colours) + 2))
        table[numbers] = [place for number, place in places.items() if number is not None]
        return table


@dataclass(frozen=True, slots=True)
class Look:
    """Which cells are shown.

    Attributes
    ----------
    only : str or None
        One class, or all.
    least_entropy : float
        Cells that are more certain are not shown.
    at : int or None
        Number of the cell that is looked at: the others are faint.
    """

    only: str | None = None
    least_entropy: float = 0.0
    at: int | None = None

    @property
    def everything(self) -> bool:
        """Whether no cell is left out."""
        return self.only is None and self.least_entropy <= 0


def result_layer(judged: Judged, labels: NDArray[Any], placed: Mapping[str, Any], look: Look) -> LayerData:
    """Return classified cells as a Labels layer, coloured by class.

    `placed` are the attributes that put the layer over the image, as `placed_like` returns them.
    """
    attributes: dict[str, Any] = {
        "colormap": colours(judged, look),
        "opacity": OPACITY,
        **placed,
    }
    return labels, attributes, "labels"


def features(
    judged: Judged, belonging: NDArray[np.int64] | None = None, micronuclei: NDArray[np.int64] | None = None
) -> pd.DataFrame:
    """Return one row a cell; `index` is what napari looks up under the mouse.

    Parameters
    ----------
    judged : Judged
        N cells.
    belonging : (N,) int64, optional
        The cell of each, where they are nuclei: a column `belongs_to`.
    micronuclei : (N,) int64, optional
        Those seen at each: a column `micronuclei` of those that count (`scoring.that_count`).
    """
    cells = judged.cells
    table = pd.DataFrame(
        {
            "index": cells.ids,
            "class": cells.class_names.astype(object),
            **{f"p_{name}": cells.probabilities[:, i] for i, name in enumerate(cells.names)},
            "entropy": cells.entropy,
            # Categories, so that napari's table offers the classes and nothing else.
            "corrected": pd.Categorical(judged.given_names.astype(object), categories=["", *cells.names]),
        }
    )
    if belonging is not None:
        table["belongs_to"] = belonging
    if micronuclei is not None:
        table["micronuclei"] = that_count(judged.current, micronuclei)
    return table


def words_of(layer: Labels) -> dict[int, str]:
    """Return the class that a person gave, by the number of the cell, as the table of a layer says; '' for none."""
    table = layer.features
    return dict(zip(table["index"].tolist(), table["corrected"].astype(str).tolist(), strict=True))


def origin(judged: Judged, sample: Sample) -> dict[str, Any]:
    """Return where a result comes from, and what its image was taken of, as plain values."""
    came = judged.cells.provenance
    return {
        "task": came.recipe.get("task", ""),
        "weights": came.weights,
        "sha256": came.sha256,
        "recipe": dict(came.recipe),
        "versions": dict(came.versions),
        "replicate": sample.replicate,
        "concentration": sample.concentration,
    }


def colours(judged: Judged, look: Look) -> ClassColours:
    """Return a colour for each cell: that of its class, or none where it is not to be seen."""
    cells = judged.current
    opaque = rgba(cells.names)
    palette = [*opaque, *(opaque * (1, 1, 1, _FAINT)), _CLEAR]
    shown = cells.entropy >= look.least_entropy
    if look.only is not None:
        shown &= cells.class_names == look.only
    which = np.where(shown, cells.classes, len(palette) - 1)
    if look.at is not None:
        which[shown] += len(opaque)
        here = cells.ids == look.at
        which[here] = cells.classes[here]
    table: dict[int | None, Any] = {None: _UNSEEN if look.everything else _CLEAR, 0: _CLEAR}
    table.update(zip(cells.ids.tolist(), (palette[i] for i in which.tolist()), strict=True))
    return ClassColours(color_dict=table)


def plane_of(layer: Layer, steps: Sequence[int]) -> tuple[int, ...]:
    """Return which plane of a layer is on screen: an index for each axis before the last two."""
    if layer.ndim == 2 or not isinstance(layer, Labels):
        return ()
    sides = (layer.data[0] if layer.multiscale else layer.data).shape[:-2]
    here = steps[-layer.ndim : -2]
    return tuple(min(int(step), side - 1) for step, side in zip(here, sides, strict=True))


def cells_in(layer: Layer, plane: tuple[int, ...]) -> CellsOf:
    """Return what reads the cells of a layer: of Labels the plane, of HemaLens' boxes an ellipse in each.

    What the layer says is read at once, its pixels only later: the function may run in another thread.
    """
    if isinstance(layer, Labels):
        finest = layer.data[0] if layer.multiscale else layer.data
        return lambda _: np.array(finest[plane])  # a copy: a person may go on painting
    nucleated = np.array([cell_class(str(name)).nucleated for name in layer.features["class"]], dtype=bool)
    numbers = layer.features["cell"].to_numpy(dtype=np.int64)
    if len({*numbers.tolist()}) < len(numbers) or 0 in numbers:
        numbers = np.arange(len(numbers)) + 1
    boxes = boxes_of(layer)[nucleated]
    return lambda shape: ellipses(boxes, numbers[nucleated], shape)


def ellipses(boxes: NDArray[np.float32], numbers: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.int32]:
    """Return labels (H, W) with an ellipse in each box, which is nearer to a cell; small ones lie on large ones."""
    labels = np.zeros(shape, dtype=np.int32)
    order = np.argsort(-(boxes[:, 2:] - boxes[:, :2]).prod(axis=1), kind="stable")
    for number, (y0, x0, y1, x1) in zip(numbers[order], boxes[order], strict=True):
        middle = ((y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2)  # of pixels, whose centres are whole numbers
        labels[ellipse(*middle, (y1 - y0) / 2, (x1 - x0) / 2, shape=shape)] = number
    return labels


def holds_cells(layer: Layer) -> bool:
    """Return whether the cells of a layer can be classified: labels of any origin but ours, and detected cells."""
    return isinstance(layer, Labels) != (MARK in layer.metadata) and isinstance(layer, (Labels, Shapes, Points))


def placed_together(image: Image, cells: Layer) -> dict[str, Any]:
    """Return what puts a layer over an image and its cells.

    Cells without a scale of their own lie on the pixels of the image, and the other way round: label images often come
    from files that do not say it.

    Raises
    ------
    AnnotationError
        If the two lie on each other in no such way.
    """
    ours, theirs = _place(image), _place(cells)
    if theirs == _NOWHERE or np.allclose(ours, theirs):
        return placed_like(image)
    if ours == _NOWHERE:
        return placed_like(cells)
    raise AnnotationError(
        f"Layers {image.name!r} and {cells.name!r} do not lie on each other: pixels of {_said(image)} and "
        f"{_said(cells)}. Give both the same scale and translate."
    )


_NOWHERE = (1.0, 1.0, 0.0, 0.0)


def _place(layer: Layer) -> tuple[float, ...]:
    """Return scale and translation, in micrometres where they are lengths."""
    sizes = [_micrometres(step, unit) for step, unit in zip(layer.scale[-2:], layer.units[-2:], strict=True)]
    starts = [_micrometres(step, unit) for step, unit in zip(layer.translate[-2:], layer.units[-2:], strict=True)]
    return (*sizes, *starts)


def _micrometres(value: float, unit: Any) -> float:
    if not unit.is_compatible_with("micrometer"):
        return float(value)
    return float((float(value) * unit).to("micrometer").magnitude)


def _said(layer: Layer) -> str:
    y, x, top, left = _place(layer)
    return f"{y:.4g} x {x:.4g} from {top:.4g}, {left:.4g}"
