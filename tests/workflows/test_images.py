"""An image is given as a path, an array or a slide."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np

from napari_hemalens.workflows import as_slide


def test_a_path_an_array_and_a_slide_show_the_same_pixels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    iio.imwrite(tmp_path / "a.png", pixels)
    slide = as_slide(pixels)
    assert as_slide(slide) is slide
    for image in (tmp_path / "a.png", str(tmp_path / "a.png"), slide):
        np.testing.assert_array_equal(as_slide(image).read(0, 0, 40, 50), pixels)


def test_one_frame_of_a_stack_is_chosen() -> None:
    stack = np.zeros((3, 40, 50), dtype=np.uint8)
    stack[1, :, 25:] = 200
    first, second = (as_slide(stack, axes="TYX", frame=(t,)).read(0, 0, 40, 50) for t in (0, 1))
    assert first.max() == first.min()
    assert second.max() > second.min()
