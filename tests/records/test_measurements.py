"""What is measured of cells, by name."""

import numpy as np
import pytest

from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.measurements import BOX_MEASUREMENTS, Measurements, measure_boxes


def detected(pixel: float | None) -> Detections:
    return Detections.from_arrays(
        [[0, 0, 8, 18], [0, 0, 4, 4]],
        [0.9, 0.8],
        [0, 0],
        names=("blast",),
        image_shape=(20, 20),
        provenance=Provenance(image="a.png", pixel_size_um=pixel),
    )


def test_a_box_has_sides_and_the_disc_as_large_as_its_ellipse() -> None:
    measured = measure_boxes(detected(0.5))
    assert measured.names == tuple(BOX_MEASUREMENTS)
    height, width, diameter = measured.values[0]
    assert (height, width) == (4, 9)
    assert np.pi / 4 * diameter**2 == pytest.approx(np.pi * (height / 2) * (width / 2))


def test_without_a_pixel_size_no_length_is_known() -> None:
    measured = measure_boxes(detected(None))
    assert len(measured) == 2
    assert np.isnan(measured.values).all()


def test_columns_are_given_and_returned_by_name() -> None:
    columns = {"area_um2": np.array([1.0, 2.0]), "eccentricity": np.array([0.5, np.nan])}
    measured = Measurements.from_columns(columns, 2)
    assert measured.values.shape == (2, 2)
    for name, column in measured.columns.items():
        np.testing.assert_array_equal(column, columns[name])
    assert len(Measurements.from_columns({}, 3)) == 3


def test_a_column_is_added_or_takes_the_place_of_another() -> None:
    measured = Measurements.from_columns({"eccentricity": np.zeros(2)}, 2)
    two = measured.with_column("texture", np.array([1.0, np.nan]))
    assert two.names == ("eccentricity", "texture")
    assert two.with_column("eccentricity", np.ones(2)).columns["eccentricity"].tolist() == [1, 1]
    assert measured.names == ("eccentricity",)
