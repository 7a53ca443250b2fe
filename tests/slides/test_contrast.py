"""Values of any type become 8-bit RGB by one rule a slide."""

import dask.array as da
import numpy as np
import pytest

from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.contrast import Contrast


def whole(image, **options):
    slide = from_array(image, **options)
    return slide.read(0, 0, *slide.shape)


SMEAR = np.random.default_rng(0).integers(40, 240, (60, 80, 3)).astype(np.uint8)

SAME_PICTURE = {
    "uint8": SMEAR,
    "8 bits in uint16": SMEAR.astype(np.uint16),
    "8 bits in int64": SMEAR.astype(np.int64),
    "float in 0-255": SMEAR.astype(np.float64),
    "float in 0-1": (SMEAR / 255).astype(np.float32),
    "float16 in 0-1": (SMEAR / 255).astype(np.float16),
    "float with an overshoot": np.where(SMEAR.max() == SMEAR, 1.03, SMEAR / 255),
}


@pytest.mark.parametrize("image", SAME_PICTURE.values(), ids=SAME_PICTURE)
def test_the_same_picture_comes_out_of_every_type(image):
    rgb = whole(image)
    assert rgb.dtype == np.uint8
    expected = np.where(SMEAR.max() == SMEAR, rgb, SMEAR)  # where the overshoot is clipped
    np.testing.assert_array_equal(rgb, expected)


def test_bool_becomes_black_and_white():
    rgb = whole(np.array([[True, False], [False, True]]))
    np.testing.assert_array_equal(rgb[..., 1], [[255, 0], [0, 255]])


def test_grey_becomes_three_equal_channels():
    rgb = whole(SMEAR[..., 0])
    assert rgb.shape == (60, 80, 3)
    for channel in range(3):
        np.testing.assert_array_equal(rgb[..., channel], SMEAR[..., 0])


def test_wide_colours_keep_their_hue_and_their_black():
    image = SMEAR.astype(np.uint16) * 16 + 3
    rgb = whole(image)
    top = np.percentile(image, 99.9)
    np.testing.assert_array_equal(rgb, np.rint(np.minimum(image / top, 1) * 255).astype(np.uint8))


def test_wide_grey_is_stretched_from_its_offset():
    image = np.linspace(400, 900, 10_000).reshape(100, 100).astype(np.uint16)
    image[0, 0], image[0, 1] = 0, 65535  # a dead and a hot pixel
    grey = whole(image)[..., 0]
    assert grey[0, 2] <= 1
    assert grey[-1, -1] >= 254
    assert abs(int(grey[50, 0]) - 128) <= 2


@pytest.mark.parametrize(
    "image",
    [
        np.random.default_rng(1).integers(0, 4000, (300, 400)).astype(np.uint16),
        np.random.default_rng(1).integers(0, 4000, (300, 400, 3)).astype(np.uint16),
        np.random.default_rng(1).normal(0, 50, (300, 400)).astype(np.float32),
        np.random.default_rng(1).integers(-90, 90, (300, 400)).astype(np.int16),
    ],
    ids=["grey", "colour", "float", "signed"],
)
def test_a_tile_looks_like_the_slide_it_is_cut_from(image):
    image[:50] //= 2  # a darker part, which on its own would be stretched otherwise
    slide = from_array(image)
    rgb = slide.read(0, 0, 300, 400)
    np.testing.assert_array_equal(slide.read(10, 20, 50, 90), rgb[10:50, 20:90])


def test_all_levels_of_a_pyramid_look_alike():
    image = np.full((64, 64), 1000, dtype=np.uint16)
    image[:32] = 3000
    slide = from_array([image, image[::2, ::2]])
    np.testing.assert_array_equal(slide.read(0, 0, 64, 64)[::2, ::2], slide.read(0, 0, 32, 32, level=1))


def test_only_a_sample_is_read_for_the_contrast():
    read = []

    def block(block_info):
        where = block_info[None]["array-location"]
        read.append(where)
        return np.full([end - start for start, end in where], 700, dtype=np.uint16)

    image = da.map_blocks(block, chunks=((100,) * 100, (100,) * 100), dtype=np.uint16)
    read.clear()
    from_array(image)
    assert 0 < len(read) <= 256  # of 10,000 chunks


def test_nan_is_black_and_infinity_is_clipped():
    image = np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)
    image[0, :3] = np.nan, np.inf, -np.inf
    assert whole(image)[0, :3, 0].tolist() == [0, 255, 0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_without_a_finite_value_can_be_read(value):
    assert whole(np.full((5, 5), value)).shape == (5, 5, 3)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64, np.int32])
@pytest.mark.parametrize("value", [0, 1000])
def test_a_flat_image_can_be_read(dtype, value):
    assert np.ptp(whole(np.full((5, 5), value, dtype=dtype))) == 0


@pytest.mark.parametrize(("dtype", "value"), [(np.float32, -3.4e38), (np.float64, 1e300), (np.uint64, 2**63)])
def test_a_flat_image_of_huge_values_can_be_read(dtype, value):
    assert np.ptp(whole(np.full((5, 5), value, dtype=dtype))) == 0


def test_huge_floats_do_not_overflow():
    image = np.array([[-3e38, 0], [1, 3e38]], dtype=np.float32)
    assert whole(image)[0, 0, 0] == 0
    assert whole(image)[1, 1, 0] == 255


ALPHA = np.dstack([np.zeros((1, 3, 3)), [[[0], [128], [255]]]])  # black: clear, half clear, opaque


@pytest.mark.parametrize(
    "image",
    [
        ALPHA.astype(np.uint8),
        (ALPHA / 255).astype(np.float32),
        ALPHA.astype(np.float32),
        np.round(ALPHA * 257).astype(np.uint16),
        ALPHA.astype(np.uint16),
    ],
    ids=["uint8", "float in 0-1", "float in 0-255", "uint16", "8 bits in uint16"],
)
def test_what_is_clear_shows_white(image):
    np.testing.assert_array_equal(whole(image, axes="YXC")[0, :, 0], [255, 127, 0])


def test_a_bool_alpha_channel_hides_or_does_not():
    image = np.zeros((1, 2, 4), dtype=bool)
    image[0, 1, 3] = True
    assert whole(image, rgb=True)[0, :, 0].tolist() == [255, 0]


def test_what_was_read_may_be_written_to():
    image = SMEAR.copy()
    from_array(image).read(0, 0, 60, 80)[:] = 0
    np.testing.assert_array_equal(image, SMEAR)


def test_a_dark_stain_on_bright_ground_becomes_its_own_negative():
    grey = np.linspace(10, 240, 10_000).reshape(100, 100).round().astype(np.uint8)
    seen = []
    for image, dark in ((grey, False), (250 - grey, True)):
        level = from_array(image).levels[0]
        seen.append(Contrast.for_fluorescence(level, dark_on_bright=dark)(level[0:100, 0:100]))
    np.testing.assert_allclose(seen[0].astype(int), seen[1], atol=1)
    assert (seen[0].min(), seen[0].max()) == (0, 255)
