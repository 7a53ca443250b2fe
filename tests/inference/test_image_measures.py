"""Measures of an image do what they say, whatever its size."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_hemalens.evaluation.perturbations import blur, white
from napari_hemalens.inference.image_measures import ImageMeasures, blur_of_edges, measure_image
from napari_hemalens.records.detections import Detections
from napari_hemalens.rendering.fields import render_field
from napari_hemalens.slides.axes import from_array

PIXEL = 0.12


@pytest.fixture(scope="module")
def smear() -> tuple[NDArray[np.uint8], Detections]:
    return render_field((420, 400), pixel_size_um=PIXEL, tissue="blood", seed=3)


def measured(image: NDArray[np.uint8], found: Detections | None = None, size: float = PIXEL) -> ImageMeasures:
    slide = from_array(image, axes="YXC")
    return measure_image(slide, found or Detections.empty((), slide.shape), size, (0, 0, *slide.shape))


def disc(sigma: float, radius: float = 40.0, side: int = 160) -> NDArray[np.float32]:
    """A disc blurred by a Gaussian of `sigma` pixels."""
    y, x = np.mgrid[:side, :side] - side / 2
    return gaussian_filter(np.where(np.hypot(y, x) < radius, 60.0, 220.0), sigma).astype(np.float32)


@pytest.mark.parametrize("contrast", [1.0, 0.1])
@pytest.mark.parametrize("sigma", [1.5, 3.0, 5.0])
def test_the_blur_of_an_edge_is_its_sigma(sigma: float, contrast: float) -> None:
    assert blur_of_edges([contrast * disc(sigma)], 0.1) == pytest.approx(sigma * 0.1, rel=0.15)


def test_how_many_edges_there_are_does_not_matter() -> None:
    one = disc(3.0)
    assert blur_of_edges([one, one, one], 0.1) == pytest.approx(blur_of_edges([one], 0.1), rel=1e-3)


def test_an_even_image_has_no_blur() -> None:
    assert math.isnan(blur_of_edges([np.full((50, 50), 200, np.float32)], 0.1))


def test_blur_that_is_added_to_a_smear_is_read_off(smear: tuple[NDArray[np.uint8], Detections]) -> None:
    image, truth = smear
    found = [measured(blur(image, sigma, PIXEL), truth).blur_um for sigma in (0.0, 0.3, 0.45, 0.6)]
    assert found[0] < 0.25
    assert found[1:] == pytest.approx([0.3, 0.45, 0.6], abs=0.06)


def test_the_blur_is_the_same_at_another_magnification() -> None:
    fine, coarse = (render_field((600, 600), pixel_size_um=size, tissue="blood", seed=3)[0] for size in (0.06, 0.12))
    by_fine, by_coarse = (measured(blur(i, 0.45, s), size=s).blur_um for i, s in ((fine, 0.06), (coarse, 0.12)))
    assert by_fine == pytest.approx(by_coarse, rel=0.15)


def test_what_a_lamp_clips_is_at_the_brightest_value(smear: tuple[NDArray[np.uint8], Detections]) -> None:
    image, truth = smear
    assert measured(image, truth).clipped < 0.05
    assert measured(white(image, 0.4, PIXEL), truth).clipped > 0.3  # though nothing is at 255


def test_colour_and_brightness_are_those_of_the_image() -> None:
    image = np.full((64, 64, 3), (200, 150, 90), dtype=np.uint8)
    found = measured(image)
    assert (found.brightness, found.colour) == (200, 110)


def test_eosin_counts_only_outside_of_cells() -> None:
    image = np.full((90, 90, 3), 240, dtype=np.uint8)
    image[:, 30:] = (228, 110, 170)  # two thirds
    cells = Detections.from_arrays([[0, 30, 90, 60]], [1.0], [0], names=("eosinophil",), image_shape=(90, 90))
    assert measured(image, size=0.2).eosin == pytest.approx(2 / 3, abs=0.02)
    assert measured(image, cells, size=0.2).eosin == pytest.approx(1 / 3, abs=0.02)


class Endless:
    """A slide of 60,000 x 60,000 that makes its pixels when they are asked for, and counts them."""

    shape, dtype = (60_000, 60_000, 3), np.dtype(np.uint8)

    def __init__(self) -> None:
        self.read = 0

    def __getitem__(self, region: tuple[slice, ...]) -> NDArray[Any]:
        y, x, _ = region
        self.read += (y.stop - y.start) * (x.stop - x.start)
        rows, columns = np.ogrid[region[:2]]
        plane = np.where((rows // 40 + columns // 40) % 2, 90, 220).astype(np.uint8)
        return np.repeat(plane[..., None], 3, axis=2)


@pytest.mark.parametrize("cells", [0, 500])
def test_of_a_slide_only_six_windows_are_read(cells: int) -> None:
    pixels = Endless()
    slide = from_array(pixels, axes="YXC")
    pixels.read = 0
    corners = np.random.default_rng(0).uniform(0, 59_000, (cells, 2))
    boxes = np.concatenate([corners, corners + 50], axis=1)
    found = Detections.from_arrays(boxes, np.ones(cells), np.zeros(cells), names=("monocyte",), image_shape=slide.shape)
    blurred = measure_image(slide, found, 0.05, (0, 0, *slide.shape)).blur_um
    assert pixels.read == 6 * (256 * 3) ** 2  # three pixels of the slide are measured as one
    assert blurred < 0.15


def test_windows_lie_in_the_region_that_was_analysed() -> None:
    image = np.zeros((400, 400, 3), dtype=np.uint8)
    image[100:200, 50:300] = 180
    slide = from_array(image, axes="YXC")
    found = measure_image(slide, Detections.empty((), slide.shape), 0.15, (100, 50, 200, 300))
    assert found.brightness == 180
    assert math.isnan(found.blur_um)


@pytest.mark.parametrize("shape", [(1, 1), (2, 700), (257, 3)])
def test_images_of_any_shape_can_be_measured(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 120, dtype=np.uint8)
    assert measured(image, size=0.03).brightness == 120
