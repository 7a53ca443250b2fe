from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tifffile import imwrite

from napari_hemalens.slides.open import open_image

GREY = np.random.default_rng(0).integers(0, 256, (150, 200), dtype=np.uint8)
COLOURS = np.random.default_rng(1).integers(0, 256, (256, 3), dtype=np.uint8)
LAYOUTS = [{}, {"tile": (64, 64)}, {"rowsperstrip": 16, "compression": "zlib"}]


def read(path: Path) -> np.ndarray:
    with open_image(path) as slide:
        whole = slide.read(0, 0, 150, 200)
        np.testing.assert_array_equal(slide.read(60, 70, 131, 199), whole[60:131, 70:199])
        return whole


@pytest.mark.parametrize("options", LAYOUTS, ids=["raw", "tiles", "strips"])
def test_white_that_is_stored_as_0_is_white(tmp_path: Path, options: dict) -> None:
    imwrite(tmp_path / "a.tif", 255 - GREY, photometric="miniswhite", **options)
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), np.dstack([GREY] * 3))
    imwrite(tmp_path / "b.tif", GREY < 99, photometric="miniswhite", **options)
    np.testing.assert_array_equal(read(tmp_path / "b.tif"), np.dstack([255 * (GREY >= 99)] * 3))


@pytest.mark.parametrize("options", LAYOUTS, ids=["raw", "tiles", "strips"])
@pytest.mark.parametrize("scale", [257, 1], ids=["16 bits", "8 bits"])
def test_indices_into_a_palette_have_its_colours(tmp_path: Path, options: dict, scale: int) -> None:
    colormap = COLOURS.T.astype(np.uint16) * scale
    imwrite(tmp_path / "a.tif", GREY, photometric="palette", colormap=colormap, **options)
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), COLOURS[GREY])


def test_12_bits_of_16_with_white_as_0_keep_their_order(tmp_path: Path) -> None:
    deep = GREY.astype(np.uint16) * 16
    imwrite(tmp_path / "a.tif", 65535 - deep, photometric="miniswhite")
    shades = read(tmp_path / "a.tif")[..., 0].astype(int)
    assert shades[GREY > 250].min() > shades[GREY < 5].max() + 200


def test_cmyk_is_converted(tmp_path: Path) -> None:
    flat = Image.new("RGB", (200, 150), (10, 200, 90)).convert("CMYK")
    flat.save(tmp_path / "a.tif")
    assert np.abs(read(tmp_path / "a.tif").astype(int) - (10, 200, 90)).max() <= 2


@pytest.mark.parametrize("options", [*LAYOUTS, {"planarconfig": "separate"}], ids=["raw", "tiles", "strips", "planes"])
def test_a_fourth_value_that_is_no_alpha_hides_nothing(tmp_path: Path, options: dict) -> None:
    four = np.dstack([COLOURS[GREY], np.zeros_like(GREY)])
    stored = np.moveaxis(four, -1, 0) if "planarconfig" in options else four
    imwrite(tmp_path / "a.tif", stored, photometric="rgb", extrasamples=["unspecified"], **options)
    np.testing.assert_array_equal(read(tmp_path / "a.tif"), COLOURS[GREY])
