"""Classified cells become a Labels layer. No Qt, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray
from pydantic import field_validator

from napari_hemalens.gui.cell_filter import CellFilter
from napari_hemalens.gui.classify.state import ClassificationState
from napari_hemalens.gui.layers import LayerData, rgba
from napari_hemalens.reports.design import Sample
from napari_hemalens.reports.scoring import scored_micronuclei
from napari_hemalens.review.classes import ReviewedClasses

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

    def _map_precast(self, values: NDArray[Any], apply_selection: bool) -> NDArray[np.float32]:
        """Look all colours up at once: of labels in 16 bits napari asks for 65,536, one by one, at every colouring."""
        places = self._values_mapping_to_minimum_values_set(apply_selection)[1]
        table = np.zeros((max(places) + 1, 4), dtype=np.float32)
        table[list(places)] = np.array(list(places.values()))
        mapped: NDArray[np.float32] = table[values]
        return mapped


@dataclass(frozen=True, slots=True)
class DisplayFilter(CellFilter):
    """Cells of one class, of some sizes, or that are uncertain.

    Attributes
    ----------
    least_entropy : float
        Cells that are more certain are not shown.
    """

    least_entropy: float = 0.0

    @property
    def parts(self) -> tuple[str, ...]:
        """What is shown, each condition in words."""
        entropy = f"entropy from {self.least_entropy:.2f} on"
        return (*self._class_and_sizes(), *((entropy,) if self.least_entropy > 0 else ()))

    def shows(self, reviewed: ReviewedClasses) -> NDArray[np.bool_]:
        """Return which cells are shown, by the last word on each: (N,)."""
        cells = reviewed.current
        kept = self.keeps(cells.class_names, cells.areas, cells.provenance.pixel_size_um)
        return kept & (cells.entropy >= self.least_entropy)


def result_layer(
    reviewed: ReviewedClasses, labels: NDArray[Any], placement: Mapping[str, Any], display: DisplayFilter
) -> LayerData:
    """Return classified cells as a Labels layer, coloured by class.

    `placement` are the attributes that put the layer over the image, as `placement_of` returns them.
    """
    attributes: dict[str, Any] = {
        "colormap": colours(reviewed, display),
        "opacity": OPACITY,
        **placement,
    }
    return labels, attributes, "labels"


def features(state: ClassificationState) -> pd.DataFrame:
    """Return one row for each classified cell of a state; `index` is what napari looks up under the mouse.

    What the cells measure has a column each (`records.measurements`). Where they are nuclei, `belongs_to` is the cell
    of each, and `micronuclei` how many of those seen there count (`scoring.scored_micronuclei`), if these are known.
    """
    reviewed = state.reviewed
    if reviewed is None:
        return pd.DataFrame()
    cells, measured, of_cells, seen = reviewed.cells, state.measurements, state.cells, state.seen
    table: dict[str, Any] = {
        "index": cells.ids,
        "class": cells.class_names.astype(object),
        **{f"p_{name}": cells.probabilities[:, i] for i, name in enumerate(cells.names)},
        "entropy": cells.entropy,
        # Categories, so that napari's table offers the classes and nothing else.
        "corrected": pd.Categorical(reviewed.given_names.astype(object), categories=["", *cells.names]),
        **({} if measured is None else measured.columns),
    }
    if of_cells is not None:
        table["belongs_to"] = of_cells
    if seen is not None:
        table["micronuclei"] = scored_micronuclei(reviewed.current, seen)
    return pd.DataFrame(table)


def corrections_in(layer: Labels) -> dict[int, str]:
    """Return the class that a person gave, by the number of the cell, as the table of a layer says; '' for none."""
    table = layer.features
    return dict(zip(table["index"].tolist(), table["corrected"].astype(str).tolist(), strict=True))


def origin(reviewed: ReviewedClasses, sample: Sample) -> dict[str, Any]:
    """Return where a result comes from, and what its image was taken of, as plain values."""
    came = reviewed.cells.provenance
    return {
        "task": came.recipe.get("task", ""),
        "weights": came.weights,
        "sha256": came.sha256,
        "recipe": dict(came.recipe),
        "versions": dict(came.versions),
        "replicate": sample.replicate,
        "concentration": sample.concentration,
    }


def colours(reviewed: ReviewedClasses, display: DisplayFilter, at: int | None = None) -> ClassColours:
    """Return a colour for each cell: that of its class, or none where it is not to be seen.

    Beside the cell of the number `at`, the others are faint.
    """
    cells = reviewed.current
    opaque = rgba(cells.names)
    palette = [*opaque, *(opaque * (1, 1, 1, _FAINT)), _CLEAR]
    shown = display.shows(reviewed)
    which = np.where(shown, cells.classes, len(palette) - 1)
    if at is not None:
        which[shown] += len(opaque)
        here = cells.ids == at
        which[here] = cells.classes[here]
    table: dict[int | None, Any] = {None: _CLEAR if display.parts else _UNSEEN, 0: _CLEAR}
    table.update(zip(cells.ids.tolist(), (palette[i] for i in which.tolist()), strict=True))
    return ClassColours(color_dict=table)
