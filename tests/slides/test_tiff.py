"""TIFF files are read in parts, and closed."""

import gc
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from tifffile import TiffWriter, imwrite

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.tiff import RecentChunks
from napari_hemalens.slides.tiles import plan

RNG = np.random.default_rng(0)
SMEAR = RNG.integers(0, 256, (150, 200, 3), dtype=np.uint8)
GREY = SMEAR[..., 0]
RGB = {"photometric": "rgb"}
MIB = 1 << 20

FILES = {
    "tiles": (SMEAR, {**RGB, "tile": (64, 64), "compression": "zlib"}, SMEAR),
    "raw tiles": (SMEAR, {**RGB, "tile": (64, 64)}, SMEAR),
    "strips": (SMEAR, {**RGB, "rowsperstrip": 16, "compression": "lzw"}, SMEAR),
    "raw strips": (SMEAR, {**RGB, "rowsperstrip": 16}, SMEAR),
    "one strip": (SMEAR, {**RGB, "rowsperstrip": 150, "compression": "zlib"}, SMEAR),
    "raw": (SMEAR, RGB, SMEAR),
    "other byte order": (SMEAR.astype(np.uint16), {**RGB, "byteorder": ">"}, SMEAR),
    "other byte order, tiles": (SMEAR.astype(">u2"), {**RGB, "byteorder": ">", "tile": (64, 64)}, SMEAR),
    "planes": (np.moveaxis(SMEAR, 2, 0), {**RGB, "planarconfig": "separate", "tile": (64, 64)}, SMEAR),
    "raw planes": (np.moveaxis(SMEAR, 2, 0), {**RGB, "planarconfig": "separate"}, SMEAR),
    "grey": (GREY, {}, np.dstack([GREY] * 3)),
    "bilevel": (GREY > 99, {"rowsperstrip": 8, "photometric": "minisblack"}, np.dstack([255 * (GREY > 99)] * 3)),
    "predictor": (SMEAR, {**RGB, "tile": (64, 64), "compression": "zlib", "predictor": True}, SMEAR),
    "alpha": (
        np.dstack([SMEAR, np.full((150, 200), 255, np.uint8)]),
        {**RGB, "extrasamples": ["unassalpha"], "tile": (64, 64)},
        SMEAR,
    ),
    "bigtiff": (SMEAR, {**RGB, "bigtiff": True, "tile": (64, 64)}, SMEAR),
    "imagej": (GREY, {"imagej": True}, np.dstack([GREY] * 3)),
    "ome": (SMEAR, {**RGB, "ome": True, "tile": (64, 64)}, SMEAR),
    "colour last, not said": (SMEAR, {"photometric": "minisblack"}, SMEAR),
}


@pytest.mark.parametrize(("image", "options", "expected"), FILES.values(), ids=FILES)
def test_any_part_of_any_layout_is_what_was_written(tmp_path, image, options, expected):
    imwrite(tmp_path / "a.tif", image, **options)
    with open_image(tmp_path / "a.tif") as slide:
        assert slide.shape == (150, 200)
        np.testing.assert_array_equal(slide.read(0, 0, 150, 200), expected)
        np.testing.assert_array_equal(slide.read(60, 70, 131, 199), expected[60:131, 70:199])


def test_jpeg_tiles_stored_as_ycbcr_come_out_as_rgb(tmp_path):
    image = np.full((128, 192, 3), (220, 120, 180), dtype=np.uint8)
    imwrite(tmp_path / "a.svs", image, **RGB, tile=(64, 64), compression="jpeg")
    with open_image(tmp_path / "a.svs") as slide:
        assert np.abs(slide.read(0, 0, 128, 192).astype(int) - image).max() <= 4


STACK = RNG.integers(0, 256, (5, 60, 70, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (STACK, {**RGB, "tile": (32, 32)}),
        (STACK, RGB),
        (STACK, {**RGB, "ome": True, "metadata": {"axes": "ZYXS"}}),
        (STACK, {**RGB, "metadata": None}),
        (STACK[..., 0], {"photometric": "minisblack", "metadata": {"axes": "TYX"}}),
        (STACK[..., 0], {"photometric": "minisblack", "compression": "zlib"}),
    ],
    ids=["tiles", "raw", "ome", "pages", "grey", "grey, axis not said"],
)
def test_a_frame_of_a_stack_is_read_by_its_number(tmp_path, image, options):
    imwrite(tmp_path / "a.tif", image, **options)
    expected = image[2] if image.ndim == 4 else np.dstack([image[2]] * 3)
    with open_image(tmp_path / "a.tif", frame=(2,)) as slide:
        np.testing.assert_array_equal(slide.read(0, 0, 60, 70), expected)
    with pytest.raises(ImageError, match=r"a\.tif: The image has 5 frames"):
        open_image(tmp_path / "a.tif")


def write_pyramid(path, levels, subifds, **options):
    with TiffWriter(path, ome=subifds) as file:
        for i, level in enumerate(levels):
            first = {"subifds": len(levels) - 1} if subifds and i == 0 else {}
            later = {"subfiletype": 1} if i else {}
            if not subifds:
                later["metadata"] = None
            file.write(level, tile=(64, 64), **RGB, **first, **later, **options)


@pytest.mark.parametrize("subifds", [True, False], ids=["ome", "pages"])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}], ids=["raw", "zlib"])
def test_a_pyramid_has_all_its_levels(tmp_path, subifds, options):
    levels = [RNG.integers(0, 256, (512 >> i, 768 >> i, 3), dtype=np.uint8) for i in range(3)]
    write_pyramid(tmp_path / "a.tif", levels, subifds, **options)
    with open_image(tmp_path / "a.tif") as slide:
        assert slide.downsamples == (1, 2, 4)
        for i, level in enumerate(levels):
            np.testing.assert_array_equal(slide.read(0, 0, *level.shape[:2], level=i), level)


def test_the_largest_image_of_a_file_is_opened(tmp_path):
    with TiffWriter(tmp_path / "a.tif") as file:
        for side in (30, 90, 60):
            file.write(np.full((side, side, 3), side, np.uint8), **RGB, metadata=None)
    with open_image(tmp_path / "a.tif") as slide:
        assert slide.shape == (90, 90)
        assert np.all(slide.read(0, 0, 90, 90) == 90)


def test_colours_that_are_not_grey_or_rgb_are_refused(tmp_path):
    imwrite(tmp_path / "a.tif", SMEAR, photometric="logluv", compression="zlib")
    with pytest.raises(ImageError, match=r"a\.tif: its colours are LOGLUV"):
        open_image(tmp_path / "a.tif")


@pytest.mark.parametrize(
    "options",
    [RGB, {**RGB, "tile": (64, 64)}, {**RGB, "compression": "zlib", "rowsperstrip": 16}],
    ids=["raw", "tiles", "strips"],
)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused_when_opened(tmp_path, options, share):
    imwrite(tmp_path / "a.tif", SMEAR, **options)
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[: int(share * len(data))])
    with pytest.raises(ImageError, match=r"Cannot read .*a\.tif: "):
        open_image(tmp_path / "a.tif")


def test_a_damaged_tile_is_an_error_that_names_it(tmp_path):
    imwrite(tmp_path / "a.tif", SMEAR, **RGB, tile=(64, 64), compression="zlib")
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        start, count = tif.pages[0].dataoffsets[0], tif.pages[0].databytecounts[0]
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[start : start + count] = bytes(count)
    (tmp_path / "a.tif").write_bytes(data)
    with open_image(tmp_path / "a.tif") as slide:
        np.testing.assert_array_equal(slide.read(64, 64, 150, 200), SMEAR[64:, 64:])
        with pytest.raises(ImageError, match=r"Cannot read y 0 to 9, x 0 to 9 of .*a\.tif, level 0"):
            slide.read(0, 0, 9, 9)


def open_files():
    return {entry.readlink() for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no list of open files here")


@needs_proc
def test_a_closed_slide_leaves_no_file_open(tmp_path):
    imwrite(tmp_path / "a.tif", SMEAR, **RGB, tile=(64, 64))
    with open_image(tmp_path / "a.tif") as slide:
        slide.read(0, 0, 9, 9)
        assert tmp_path / "a.tif" in open_files()
    assert tmp_path / "a.tif" not in open_files()


@needs_proc
@pytest.mark.parametrize("options", [RGB, {**RGB, "tile": (64, 64)}], ids=["raw", "tiles"])
def test_a_slide_that_is_forgotten_closes_its_file(tmp_path, options):
    imwrite(tmp_path / "a.tif", SMEAR, **options)
    plane = open_image(tmp_path / "a.tif").levels[0]
    gc.collect()
    np.testing.assert_array_equal(plane[0:9, 0:9], SMEAR[:9, :9])  # a level keeps its file open
    del plane
    gc.collect()
    assert tmp_path / "a.tif" not in open_files()


@needs_proc
def test_a_file_that_is_refused_is_closed(tmp_path):
    imwrite(tmp_path / "a.tif", STACK, **RGB, tile=(32, 32))
    with pytest.raises(ImageError) as refusal:
        open_image(tmp_path / "a.tif")
    assert refusal.value.__traceback__ is not None  # which keeps alive what the call left behind
    assert tmp_path / "a.tif" not in open_files()


def test_nothing_can_be_read_from_a_closed_slide(tmp_path):
    imwrite(tmp_path / "a.tif", SMEAR, **RGB, tile=(64, 64))
    slide = open_image(tmp_path / "a.tif")
    slide.close()
    slide.close()
    with pytest.raises(ImageError, match="it is closed"):
        slide.read(0, 0, 9, 9)


def test_several_threads_may_read_at_once(tmp_path):
    imwrite(tmp_path / "a.tif", SMEAR, **RGB, tile=(16, 16), compression="zlib")
    with open_image(tmp_path / "a.tif") as slide, ThreadPoolExecutor(4) as pool:
        tiles = plan((150, 200), tile=40, overlap=10)
        parts = pool.map(lambda t: slide.read(t.y0, t.x0, t.y1, t.x1), tiles)
        for t, part in zip(tiles, parts, strict=True):
            np.testing.assert_array_equal(part, SMEAR[t.y0 : t.y1, t.x0 : t.x1])


COUNT = np.arange(1600).reshape(40, 40).astype(np.uint8)


def chunked(chunks, size):
    """Return an array behind a RecentChunks of `size` bytes, and the names of the chunks fetched."""
    fetched = []
    memory = zarr.storage.MemoryStore()
    zarr.create_array(memory, data=COUNT, chunks=chunks, compressors=None, zarr_format=2)
    memory = memory.with_read_only(True)
    inner_get = memory.get

    async def get(key, prototype, byte_range=None):
        if key[0] != ".":
            fetched.append(key)
        return await inner_get(key, prototype, byte_range)

    memory.get = get
    store = RecentChunks(memory, lambda: None, size)
    return zarr.open(store, mode="r", zarr_format=2), fetched


def test_overlapping_reads_decode_a_chunk_once():
    array, fetched = chunked((10, 40), 10_000)
    for left in range(0, 30, 5):
        np.testing.assert_array_equal(array[5:25, left : left + 10], COUNT[5:25, left : left + 10])
    assert sorted(fetched) == ["0.0", "1.0", "2.0"]


def test_chunks_read_last_are_kept_within_the_limit():
    array, fetched = chunked((10, 40), 900)  # two chunks of 400 bytes
    for row in (0, 10, 0, 20, 0, 10):
        array[row, 0]
    assert fetched == ["0.0", "1.0", "2.0", "1.0"]


def test_a_chunk_larger_than_the_limit_is_decoded_once_all_the_same():
    array, fetched = chunked((40, 40), 100)
    array[0, 0], array[30, 30]
    assert fetched == ["0.0"]


def walk(slide, level=0):
    """Read all of a level tile by tile; return how much memory that took at most, in bytes."""
    tracemalloc.start()
    for t in plan(slide.levels[level].shape[:2], tile=1024, overlap=128):
        slide.read(t.y0, t.x0, t.y1, t.x1, level=level)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def cells(y, x):
    """Return a 512 x 512 tile of a synthetic slide: most are bare and not stored."""
    if (y + x) % 7:
        return None
    return np.full((512, 512, 3), (200, y % 256, x % 256), dtype=np.uint8)


@pytest.mark.slow
def test_a_slide_of_20000_pixels_never_comes_into_memory_whole(tmp_path):
    with TiffWriter(tmp_path / "a.tif", bigtiff=True) as file:
        for level, side in enumerate((20_000, 10_000, 5_000)):
            count = -(-side // 512)
            file.write(
                (cells(y, x) for y in range(count) for x in range(count)),
                shape=(side, side, 3),
                dtype=np.uint8,
                tile=(512, 512),
                compression="zlib",
                subfiletype=int(level > 0),
                metadata=None,
                **RGB,
            )
    with open_image(tmp_path / "a.tif") as slide:
        assert slide.shape == (20_000, 20_000)
        assert slide.downsamples == (1, 2, 4)
        assert slide.read(6 * 512, 512, 6 * 512 + 1, 513).tolist() == [[[200, 6, 1]]]
        assert walk(slide) < 300 * MIB  # of 1,144


@pytest.mark.slow
@pytest.mark.parametrize("compression", ["zlib", None], ids=["zlib", "raw"])
def test_strips_are_read_strip_by_strip(tmp_path, compression):
    imwrite(
        tmp_path / "a.tif",
        np.broadcast_to(np.uint8(210), (10_000, 10_000, 3)),
        rowsperstrip=64,
        compression=compression,
        **RGB,
    )
    with open_image(tmp_path / "a.tif") as slide:
        assert walk(slide) < 200 * MIB  # of 286
