"""A DNA stain gives the same grey, whatever colour, type, file or channel it was recorded in."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.dna import dna_in_grey

RNG = np.random.default_rng(0)
Y, X = np.mgrid[:200, :240]
NUCLEI = sum(
    np.exp(-((((Y - y) ** 2 + (X - x) ** 2) / 200.0) ** 2)) * height
    for y, x, height in ((50, 60, 200), (60, 180, 120), (150, 100, 240), (140, 200, 80))
)
GREY = (12 + NUCLEI).clip(0, 255).astype(np.uint8)
CELLS = (ndimage.gaussian_filter((ndimage.binary_dilation(NUCLEI > 40, iterations=14)).astype(float), 4) * 180).astype(
    np.uint8
)
NOTHING = np.zeros_like(GREY)


def tinted(colour, grey=GREY):
    return np.rint(grey[..., None] * np.array(colour, np.float64)).astype(grey.dtype)


def seen(image, **options):
    slide = dna_in_grey(from_array(image, **options))
    assert slide.levels[0].shape[2] == 1
    return slide.levels[0][: slide.shape[0], : slide.shape[1]][..., 0]


COLOURS = {
    "blue": (0, 0, 1),
    "green": (0, 1, 0),
    "red": (1, 0, 0),
    "cyan": (0, 1, 1),
    "magenta": (1, 0, 1),
    "DAPI table": (0, 0.35, 1),
    "grey": (1, 1, 1),
    "dim orange": (0.6, 0.3, 0),
}


@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_any_colour_gives_the_values_of_grey(colour, kind):
    grey = GREY.astype(kind) * kind(1 if kind is np.uint8 else 20)
    expected = tinted((max(colour),), grey)[..., 0]
    found = seen(tinted(colour, grey))
    assert found.dtype == grey.dtype
    np.testing.assert_allclose(found.astype(float), expected.astype(float), atol=1 if kind is not np.float32 else 0.6)
    if max(colour) == 1:
        np.testing.assert_array_equal(found, grey)


def test_alpha_palette_and_order_of_axes_make_no_difference():
    blue = tinted((0, 0, 1))
    np.testing.assert_array_equal(seen(np.dstack([blue, np.full_like(GREY, 255)])), GREY)
    np.testing.assert_array_equal(seen(np.asarray(Image.fromarray(blue).quantize(256).convert("RGBA")))[:2], GREY[:2])
    named = {"axes": "CYX", "channels": ("red", "green", "blue")}
    np.testing.assert_array_equal(seen(np.moveaxis(blue, 2, 0), **named), GREY)
    np.testing.assert_array_equal(seen(np.stack([NOTHING, GREY]), axes="CYX", channels=("GFP", "DAPI")), GREY)


def test_grey_stays_as_it_is():
    slide = from_array(GREY)
    assert dna_in_grey(slide) is slide


def test_noise_and_jpeg_leave_the_stain_where_it_is():
    noisy = (tinted((0, 0, 1)) + RNG.normal(0, 4, (*GREY.shape, 3))).round().clip(0, 255).astype(np.uint8)
    np.testing.assert_array_equal(seen(noisy), noisy[..., 2])
    file = io.BytesIO()
    Image.fromarray(tinted((0, 1, 0))).save(file, "JPEG", quality=70)
    stored = np.asarray(Image.open(file))
    np.testing.assert_array_equal(seen(stored), stored[..., 1])


def test_a_lookup_table_of_many_colours_is_one_stain():
    table = np.stack([np.minimum(3 * np.arange(256), 255), np.arange(256), np.arange(256) // 4], axis=1).astype(
        np.uint8
    )
    found = seen(table[GREY])
    assert np.corrcoef(found.ravel(), GREY.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("other", [CELLS, CELLS // 3, GREY[::-1]], ids=["cells", "dim cells", "elsewhere"])
@pytest.mark.parametrize("place", [0, 1], ids=["red", "green"])
def test_of_several_stains_blue_is_the_dna(other, place):
    image = np.dstack([NOTHING, NOTHING, GREY])
    image[..., place] = other
    np.testing.assert_array_equal(seen(image), GREY)


def test_several_stains_without_blue_are_asked_about_in_one_sentence():
    image = np.dstack([GREY, CELLS, NOTHING])
    with pytest.raises(ImageError, match=r"several stains.*--channel.*0 red, 1 green, 2 blue\.$") as asked:
        dna_in_grey(from_array(image, name="a.png"))
    assert "\n" not in str(asked.value)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_channels_that_no_name_tells_apart_are_asked_about(count):
    planes = np.stack([GREY // (i + 1) for i in range(count)])
    with pytest.raises(ImageError, match=rf"{count} channels, and no name tells .*: 0.*{count - 1}"):
        dna_in_grey(from_array(planes, axes="CYX"))


def test_a_stained_smear_is_grey_along_its_dyes():
    dark = 255 - (GREY[..., None] * np.array([0.7, 0.9, 0.3])).astype(np.uint8)
    found = seen(dark)
    assert np.corrcoef(found.ravel(), GREY.ravel())[0, 1] < -0.99
