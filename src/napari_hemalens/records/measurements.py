"""What is measured of a cell: names with their units, and the values of the cells of an image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.detections import Detections

BOX_MEASUREMENTS: Mapping[str, str] = {
    "box_height_um": "height of the box",
    "box_width_um": "width of the box",
    "box_diameter_um": "diameter of a disc as large as the ellipse that fits into the box",
}
"""What is measured of a cell that was detected, of which no more is known than its box."""

NC_RATIO = "nc_ratio"
"""The one measurement that two outlines are needed for."""

OUTLINE_MEASUREMENTS: Mapping[str, str] = {
    "area_um2": "area of the outline",
    "diameter_um": "diameter of a disc of that area",
    "eccentricity": "of the ellipse of the same second moments: 0 a circle, towards 1 a line",
    "mean_od": "mean decadic optical density of the three colours against the glass of the image; bright field alone",
    "mean_intensity": "mean brightness in 0-255 of what is looked at in fluorescence; fluorescence alone",
    "texture": "contrast of the grey-level co-occurrence matrix: the mean squared difference of neighbouring pixels "
    "in the outline, in 16 grey levels",
    NC_RATIO: "area of the nuclei in a cell over that of its cytoplasm, where nuclei and cells are both outlined",
}
"""What is measured of a cell that has an outline, by column of a table."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """The measurements of N cells.

    Attributes
    ----------
    names : tuple of str
        What is measured: M keys of `OUTLINE_MEASUREMENTS` or `BOX_MEASUREMENTS`.
    values : (N, M) float64
        In the unit that the name ends with; NaN where it is not known.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]

    @classmethod
    def from_columns(cls, columns: Mapping[str, NDArray[np.float64]], cells: int) -> Self:
        """Return the measurements whose columns (N,) are given by name, of N cells."""
        values = np.empty((cells, len(columns)))
        for i, column in enumerate(columns.values()):
            values[:, i] = column
        return cls(tuple(columns), values)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def columns(self) -> dict[str, NDArray[np.float64]]:
        """The values (N,) by name."""
        return dict(zip(self.names, self.values.T, strict=True))

    def with_column(self, name: str, values: NDArray[np.float64]) -> Self:
        """Return the measurements with one more (N,), or another in its place."""
        return self.from_columns(self.columns | {name: values}, len(self))


def measure_boxes(detections: Detections) -> Measurements:
    """Return what the boxes of detected cells tell of their size; NaN where the pixel size is not known."""
    size = detections.provenance.pixel_size_um
    sides = detections.boxes[:, 2:].astype(np.float64) - detections.boxes[:, :2]
    height, width = (sides * (np.nan if size is None else size)).T
    # An ellipse in a box of h x w has the area pi/4 h w, a disc of the diameter d pi/4 d^2.
    columns = dict(zip(BOX_MEASUREMENTS, (height, width, np.sqrt(height * width)), strict=True))
    return Measurements.from_columns(columns, len(detections))
