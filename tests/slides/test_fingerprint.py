"""A fingerprint knows an image by its content."""

from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.fingerprint import fingerprint
from napari_hemalens.slides.open import open_image


@pytest.mark.parametrize("side", [40, 1500])
def test_a_file_its_copy_and_a_layer_of_it_have_one_fingerprint(side: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (side, side + 3, 3), dtype=np.uint8)
    (tmp_path / "copy").mkdir()
    files = [tmp_path / "a.png", tmp_path / "copy" / "b.tif"]
    for file in files:
        iio.imwrite(file, pixels)
    found = [fingerprint(open_image(file)) for file in files] + [fingerprint(from_array(pixels, axes="YXC"))]
    assert len(set(found)) == 1
    assert len(found[0]) == 16


def test_another_image_has_another_fingerprint() -> None:
    image = np.zeros((40, 40, 3), dtype=np.uint8)
    changed = image.copy()
    changed[20, 20, 1] = 1
    of = {fingerprint(from_array(pixels, axes="YXC")) for pixels in (image, changed, image[:, :39], image[:39])}
    of.add(fingerprint(from_array(image[..., 0], axes="YX")))
    assert len(of) == 5


def test_an_image_that_cannot_be_read_is_an_error_of_the_image() -> None:
    slide = from_array(np.zeros((40, 40), dtype=np.uint8), axes="YX", name="broken.tif")

    class Torn:
        shape, dtype = (40, 40), np.dtype(np.uint8)

        def __getitem__(self, _: object) -> None:
            raise OSError("the disk is gone")

    torn = replace(slide, levels=(replace(slide.levels[0], source=Torn()),))
    with pytest.raises(ImageError, match=r"Cannot read broken.tif: the disk is gone"):
        fingerprint(torn)
