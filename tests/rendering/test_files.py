from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_hemalens.rendering.files import save
from napari_hemalens.slides.open import open_image


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_levels_and_labels_are_kept_to_the_last_bit(dtype: type, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (70, 300), dtype, endpoint=True)
    save(values, tmp_path / "a" / "labels.tif", 0.35)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a" / "labels.tif"), values)


def test_colours_are_kept_about_and_the_pixel_size_is_in_the_file(tmp_path: Path) -> None:
    y, x = np.mgrid[:90, :300]
    image = np.stack([y + 100, x // 2, 200 - y], axis=-1).astype(np.uint8)
    save(image, tmp_path / "image.tif", 0.35)
    with open_image(tmp_path / "image.tif") as slide:
        assert slide.pixel_size_um == pytest.approx(0.35)
        assert abs(slide.read(0, 0, 90, 300).astype(float) - image).mean() < 2
