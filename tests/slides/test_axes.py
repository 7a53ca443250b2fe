"""The input table, row by row: what is taken for what, and what is refused."""

import dask.array as da
import numpy as np
import pytest
import zarr
from napari.layers._multiscale_data import MultiScaleData

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.axes import from_array

RNG = np.random.default_rng(0)


def pixels(*shape):
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def grey(plane):
    return np.repeat(plane[..., None], 3, axis=2)


YX, YXC, CYX = pixels(40, 50), pixels(40, 50, 3), pixels(3, 40, 50)
TYX, TYXC, ZCYX = pixels(5, 40, 50), pixels(5, 40, 50, 3), pixels(6, 3, 40, 50)
OPAQUE = np.concatenate([YXC, np.full((40, 50, 1), 255, np.uint8)], axis=2)
TINY, TINY_RGB = pixels(7, 9), pixels(7, 9, 3)
TCZYX, TZCYXS = pixels(2, 3, 4, 8, 9), pixels(2, 3, 2, 8, 9, 3)

TABLE = {
    "YX": (YX, {}, grey(YX)),
    "YX said": (YX, {"axes": "YX"}, grey(YX)),
    "YX not rgb": (YX, {"rgb": False}, grey(YX)),
    "YX with a slider of another layer": (YX, {"frame": (3,)}, grey(YX)),
    "XY": (YX.T, {"axes": "xy"}, grey(YX)),
    "YXC": (YXC, {}, YXC),
    "YXC rgb": (YXC, {"rgb": True}, YXC),
    "YXC said": (YXC, {"axes": "YXC"}, YXC),
    "YXCA": (OPAQUE, {}, YXC),
    "1YX": (YX[None], {}, grey(YX)),
    "YX1": (YX[..., None], {"axes": "YXC"}, grey(YX)),
    "CYX": (CYX, {}, np.moveaxis(CYX, 0, 2)),
    "CYX not rgb": (CYX, {"rgb": False}, np.moveaxis(CYX, 0, 2)),
    "CYXA": (np.moveaxis(OPAQUE, 2, 0), {}, YXC),
    "ZYX, three deep": (CYX, {"axes": "ZYX", "frame": (2,)}, grey(CYX[2])),
    "TYX": (TYX, {"frame": (4,)}, grey(TYX[4])),
    "TYX not rgb": (TYX, {"rgb": False, "frame": (4,)}, grey(TYX[4])),
    "TYX, three long": (CYX, {"frame": (1,)}, grey(CYX[1])),
    "CYX not rgb, with a slider": (CYX, {"rgb": False, "frame": (1,)}, np.moveaxis(CYX, 0, 2)),
    "TYX said": (TYX, {"axes": "TYX", "frame": [1]}, grey(TYX[1])),
    "TYXC": (TYXC, {"frame": (3,)}, TYXC[3]),
    "TYXC rgb": (TYXC, {"rgb": True, "frame": (3,)}, TYXC[3]),
    "TYXC not rgb": (pixels(2, 3, 8, 3), {"rgb": False, "frame": (0, 0)}, None),
    "TYXC, more sliders": (TYXC, {"frame": (7, 2)}, TYXC[2]),
    "1YXC": (YXC[None], {}, YXC),
    "ZCYX": (ZCYX, {"axes": "ZCYX", "frame": (5,)}, np.moveaxis(ZCYX[5], 0, 2)),
    "TCZYX": (TCZYX, {"axes": "TCZYX", "frame": (1, 2)}, np.moveaxis(TCZYX[1, :, 2], 0, 2)),
    "TCZYX, only Z": (TCZYX[:1], {"axes": "TCZYX", "frame": (2,)}, np.moveaxis(TCZYX[0, :, 2], 0, 2)),
    "samples": (TZCYXS, {"axes": "TZCYXS", "frame": (1, 2, 0)}, TZCYXS[1, 2, 0]),
    "many frames": (TZCYXS, {"rgb": True, "frame": (1, 2, 0)}, TZCYXS[1, 2, 0]),
    "tiny YX": (TINY, {}, grey(TINY)),
    "tiny YXC": (TINY_RGB, {}, TINY_RGB),
    "tiny CYX": (np.moveaxis(TINY_RGB, 2, 0), {}, TINY_RGB),
    "three high": (YXC[:3], {"rgb": True}, YXC[:3]),
    "three wide": (YX[:, :3], {}, grey(YX[:, :3])),
    "one pixel": (YX[:1, :1], {}, grey(YX[:1, :1])),
}


@pytest.mark.parametrize(("image", "options", "expected"), TABLE.values(), ids=TABLE)
def test_the_input_table(image, options, expected):
    slide = from_array(image, **options)
    if expected is None:
        expected = grey(image[options["frame"]])
    assert slide.shape == expected.shape[:2]
    np.testing.assert_array_equal(slide.read(0, 0, *slide.shape), expected)


def as_zarr(image):
    return zarr.array(image, chunks=tuple(min(16, side) for side in image.shape))


@pytest.mark.parametrize("store", [np.asarray, da.from_array, as_zarr], ids=["numpy", "dask", "zarr"])
@pytest.mark.parametrize(
    ("image", "options", "expected"),
    [(YX, {}, grey(YX)), (YXC, {}, YXC), (TYXC, {"frame": (2,)}, TYXC[2]), (CYX, {}, np.moveaxis(CYX, 0, 2))],
    ids=["YX", "YXC", "TYXC", "CYX"],
)
def test_every_kind_of_array_is_read_alike(store, image, options, expected):
    slide = from_array(store(image), **options)
    np.testing.assert_array_equal(slide.read(3, 5, 30, 41), expected[3:30, 5:41])


@pytest.mark.parametrize("wrap", [list, tuple, MultiScaleData])
def test_a_pyramid_is_read_by_level(wrap):
    levels = [TYXC, TYXC[:, ::2, ::2], TYXC[:, ::4, ::4]]
    slide = from_array(wrap(levels), frame=(1,))
    assert slide.downsamples == (1, 2, 4)
    for i, level in enumerate(levels):
        np.testing.assert_array_equal(slide.read(0, 0, *level.shape[1:3], level=i), level[1])


def test_nothing_of_an_8_bit_image_is_read_beforehand():
    read = []
    image = da.map_blocks(
        lambda: read.append(1) or np.zeros((10, 10), np.uint8), chunks=((10,) * 4, (10,) * 4), meta=YX[:0, :0]
    )
    slide = from_array(image)
    assert not read
    slide.read(0, 0, 10, 20)
    assert len(read) == 2


REFUSED = {
    "T, C or Z": (TYX, {}, "are ambiguous: pass axes"),
    "colour first or last": (pixels(3, 20, 3), {}, "are ambiguous"),
    "four and three": (pixels(4, 20, 3), {}, "are ambiguous"),
    "four axes": (pixels(2, 3, 20, 20), {}, "such as axes='TCYX'"),
    "five axes": (pixels(2, 2, 20, 20, 3), {}, "such as axes='TCZYX'"),
    "colour first or last, in a stack": (pixels(3, 20, 3), {"frame": (0,)}, "are ambiguous"),
    "four axes, with a frame": (pixels(2, 3, 20, 20), {"frame": (0,)}, "are ambiguous"),
    "one axis": (pixels(20), {}, "are ambiguous"),
    "no axis": (np.zeros(()), {}, "are ambiguous"),
    "no colour": (YX, {"rgb": True}, "not RGB"),
    "no colour at the end": (CYX, {"rgb": True}, "not RGB"),
    "which frame": (TYXC, {}, r"5 frames along T, counted from 0: .*such as T=0\."),
    "which Z": (TCZYX, {"axes": "TCZYX"}, r"2 frames along T and \d frames along Z, .*T=0,Z=0"),
    "no such frame": (TYXC, {"frame": (5,)}, "No frame 5 along T: the image has 5"),
    "a negative frame": (TYXC, {"frame": (-1,)}, "No frame -1"),
    "too few letters": (YXC, {"axes": "YX"}, "does not fit"),
    "a letter twice": (YXC, {"axes": "YXX"}, "does not fit"),
    "no X": (YXC, {"axes": "YZC"}, "does not fit"),
    "too many frames": (np.zeros((1,) * 8), {"rgb": False}, "pass one frame"),
    "complex": (YX.astype(complex), {}, "complex128 are not an image"),
    "text": (np.array([["a"]]), {}, "are not an image"),
    "no pixels": (np.zeros((0, 5)), {}, "has no pixels"),
    "a nested list": ([[1, 2], [3, 4]], {}, "A list is not an image"),
    "a path": ("smear.png", {}, "A str is not an image"),
    "None": (None, {}, "A NoneType is not an image"),
    "no levels": ([], {}, "at least one level"),
    "levels upside down": ([YX[::2, ::2], YX], {}, "finest first"),
    "levels of other images": ([pixels(400, 400), pixels(200, 300)], {}, "not one image"),
    "levels of other axes": ([YXC, YX], {}, "not one image"),
    "levels of other colours": ([YXC, OPAQUE[::2, ::2]], {}, "not one image"),
    "a level without the frame": ([TYXC, TYXC[:2, ::2, ::2]], {"frame": (3,)}, "not one image"),
    "no pixel size": (YX, {"pixel_size_um": 0}, "above 0"),
    "a pixel size of NaN": (YX, {"pixel_size_um": float("nan")}, "above 0"),
}


@pytest.mark.parametrize(("image", "options", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_image_or_ambiguous_is_refused_in_one_sentence(image, options, words):
    with pytest.raises(ImageError, match=words) as refusal:
        from_array(image, **options)
    assert "\n" not in str(refusal.value)


def test_name_and_pixel_size_are_kept():
    slide = from_array(YX, name="marrow", pixel_size_um=0.11)
    assert (slide.name, slide.pixel_size_um) == ("marrow", 0.11)


@pytest.mark.parametrize(("image", "axes"), [(TYX, "CYX"), (np.moveaxis(TYX, 0, 2), "YXC"), (TYX[:2], "CYX")])
def test_channels_that_are_no_colours_are_opened_and_asked_about_when_read(image, axes):
    slide = from_array(image, axes=axes, channels=("DAPI",))
    assert slide.channels[:2] == ("DAPI", "")
    with pytest.raises(
        ImageError, match=r"channels, which are no colours\. .* of a DNA stain choose one as channel .*: 0 DAPI, 1"
    ):
        slide.read(0, 0, 10, 10)


def test_planes_that_are_taken_for_channels_say_how_to_say_otherwise():
    assert "axes='TYX'" in from_array(CYX).listed_channels
    assert from_array(CYX, axes="CYX").guessed == ""
    assert from_array(YX[None]).guessed == ""
    assert from_array(CYX, axes="TYX", frame=(1,)).levels[0].shape[2] == 1  # as it is told


@pytest.mark.parametrize(
    ("image", "axes", "count"),
    [
        (YX, "YX", 0),
        (YXC, "YXC", 0),
        (OPAQUE, "YXC", 0),
        (YX[None], "CYX", 0),
        (TZCYXS[0], "ZCYXS", 0),
        (CYX, "CYX", 3),
    ],
)
def test_planes_are_channels_kept_apart_and_interleaved_colours_are_not(image, axes, count):
    slide = from_array(image, axes=axes, frame=(0, 0))
    assert slide.channels == ("",) * count
