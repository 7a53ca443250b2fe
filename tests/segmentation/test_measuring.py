"""Shapes whose measures are known, whichever way the image is cut into blocks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.feature import graycomatrix, graycoprops
from skimage.measure import label, regionprops_table

from napari_hemalens.progress import finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.measurements import OUTLINE_MEASUREMENTS
from napari_hemalens.segmentation import measuring
from napari_hemalens.segmentation.measuring import measure_steps, nc_ratios, texture, with_nc_ratio
from napari_hemalens.slides.axes import from_array

DISC, LINE = 7, 66_000


@pytest.fixture
def labels():
    """A disc of radius 20, and an ellipse four times as long as wide; their numbers have gaps."""
    y, x = np.mgrid[:120, :160]
    found = np.zeros((120, 160), np.int32)
    found[np.hypot(y - 50, x - 40) <= 20] = DISC
    found[np.hypot((y - 60) / 10, (x - 110) / 40) <= 1] = LINE
    return found


def measured(image, labels, pixel_size_um=0.5):
    cells = CellMap.from_labels(labels)
    return finish(measure_steps(from_array(image), cells, pixel_size_um=pixel_size_um)).columns


@pytest.fixture
def smear_like(labels):
    """White glass; the disc lets a tenth of the light through, the ellipse a half."""
    image = np.full((*labels.shape, 3), 239, np.uint8)
    image[labels == DISC], image[labels == LINE] = 23, 119
    return image


def test_size_and_shape_are_those_of_the_outlines(smear_like, labels):
    found = measured(smear_like, labels)
    np.testing.assert_allclose(found["area_um2"], [np.pi * 10**2, np.pi * 5 * 20], rtol=0.02)
    np.testing.assert_allclose(found["diameter_um"], [20, 2 * np.sqrt(5 * 20)], rtol=0.02)
    np.testing.assert_allclose(found["eccentricity"], [0, np.sqrt(1 - 1 / 16)], atol=0.02)


def test_eccentricities_are_those_of_scikit_image_also_of_a_pixel():
    labels = label(gaussian_filter(np.random.default_rng(0).normal(size=(200, 200)), 4) > 0.02)
    labels[0, 0], labels[3, 10:14] = labels.max() + 1, labels.max() + 2  # a pixel and a line
    wanted = regionprops_table(labels, properties=("eccentricity",))["eccentricity"]
    found = measured(np.zeros(labels.shape, np.uint8), labels.astype(np.int32))
    np.testing.assert_allclose(found["eccentricity"], wanted, atol=1e-6)
    assert len(wanted) > 20


def test_density_is_decadic_and_against_the_glass(smear_like, labels):
    found = measured(smear_like, labels)
    np.testing.assert_allclose(found["mean_od"], [1, np.log10(2)], atol=0.001)
    assert np.isnan(found["mean_intensity"]).all()
    np.testing.assert_allclose(found["texture"], 0)


def test_fluorescence_has_a_brightness_and_no_density(labels):
    image = np.where(labels == DISC, 200, np.where(labels == LINE, 100, 0)).astype(np.uint8)
    found = measured(image, labels)
    np.testing.assert_allclose(found["mean_intensity"], [200, 100], atol=1)
    assert np.isnan(found["mean_od"]).all()


def test_without_a_pixel_size_shapes_alone_are_known(smear_like, labels):
    found = measured(smear_like, labels, None)
    assert np.isnan(found["area_um2"]).all()
    assert np.isnan(found["diameter_um"]).all()
    assert not np.isnan(found["eccentricity"]).any()


def test_blocks_change_nothing(smear_like, labels, monkeypatch):
    noisy = (smear_like - np.random.default_rng(0).integers(0, 20, smear_like.shape)).astype(np.uint8)
    whole = measured(noisy, labels)
    monkeypatch.setattr(measuring, "_BLOCK", 32)
    parts = list(measure_steps(from_array(noisy), CellMap.from_labels(labels), pixel_size_um=0.5))
    assert [step.done for step in parts] == [1, 2]
    for name, values in measured(noisy, labels).items():
        np.testing.assert_array_equal(values, whole[name])


def test_texture_is_the_contrast_of_the_co_occurrence_matrix():
    levels = np.random.default_rng(0).integers(0, 16, (30, 40))
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    matrix = graycomatrix(levels.astype(np.uint8), [1], angles, levels=16, symmetric=True, normed=True)
    found = texture(np.ones((30, 40), np.int64), levels, 1)
    np.testing.assert_allclose(found, graycoprops(matrix, "contrast").mean())


def test_pixels_outside_a_cell_are_no_neighbours():
    numbers = np.repeat([[1, 1, 2, 2]], 3, axis=0)
    levels = np.where(numbers == 1, 0, 15)
    np.testing.assert_array_equal(texture(numbers, levels, 3), [0, 0, np.nan])


def test_no_cells_measure_nothing():
    found = measured(np.zeros((40, 50, 3), np.uint8), np.zeros((40, 50), np.int32))
    assert {*found} == {*OUTLINE_MEASUREMENTS} - {"nc_ratio"}
    assert all(len(values) == 0 for values in found.values())


@pytest.fixture
def nuclei():
    """Three nuclei of 100, 100 and 50 pixels."""
    cells = CellMap.from_labels(np.repeat([1, 2, 3], [100, 100, 50])[None])
    return Classified(
        cells.ids, np.ones((3, 1)), np.zeros(3, int), ("nucleus",), cells.centres, cells.areas, (1, 250),
        measurements=finish(measure_steps(from_array(np.zeros((1, 250), np.uint8)), cells, pixel_size_um=1)),
    )  # fmt: skip


def test_both_nuclei_of_a_cell_count_against_its_cytoplasm(nuclei):
    cells = np.repeat([5, 9], [600, 200])
    found = with_nc_ratio(nuclei, np.array([5, 5, 9]), cells[None])
    np.testing.assert_allclose(found.measurements.columns["nc_ratio"], [0.5, 0.5, 1 / 3])


def test_ratios_of_nuclei_are_known_without_their_classes():
    ratios = nc_ratios(np.array([100, 100, 50]), np.array([5, 0, 9]), np.repeat([5, 9], [300, 100])[None])
    np.testing.assert_allclose(ratios, [0.5, np.nan, 1])


def test_no_ratio_is_known_outside_of_cells_and_without_cytoplasm(nuclei):
    cells = np.repeat([0, 5], [300, 100])
    found = with_nc_ratio(nuclei, np.array([0, 5, 8]), cells[None])
    assert np.isnan(found.measurements.columns["nc_ratio"]).all()
    unmeasured = replace(nuclei, measurements=None)
    assert with_nc_ratio(unmeasured, np.array([0, 5, 8]), cells[None]) is unmeasured
