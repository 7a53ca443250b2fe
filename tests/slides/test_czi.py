"""Zeiss CZI is read by region at every scale, in colour or by channel, with its pixel size."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.written_slides import write_czi

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.images import header_size
from napari_hemalens.slides.czi import read_czi
from napari_hemalens.slides.open import open_image

RGB = np.random.default_rng(0).integers(0, 256, (200, 330, 3), dtype=np.uint8)
DEEP = np.random.default_rng(1).integers(0, 4000, (2, 90, 120), dtype=np.uint16)


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    file = tmp_path_factory.mktemp("czi") / "a.czi"
    write_czi(file, [RGB])
    return file


@pytest.fixture(scope="module")
def channels(tmp_path_factory):
    file = tmp_path_factory.mktemp("czi") / "b.czi"
    write_czi(file, list(DEEP), um=0.5, names=["DAPI", "FITC"])
    return file


def test_a_picture_is_read_by_region_with_its_pixel_size(picture):
    with open_image(picture) as slide:
        assert (slide.shape, slide.pixel_size_um) == ((200, 330), 0.25)
        np.testing.assert_array_equal(slide.read(50, 60, 170, 290), RGB[50:170, 60:290])
    assert header_size(picture) == (200, 330)


def test_a_large_picture_has_coarser_levels(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_hemalens.slides.czi._SMALLEST", 100)
    y, x = np.mgrid[:200, :330]
    smooth = np.stack([y, x // 2, 255 - y], axis=2).astype(np.uint8)
    write_czi(tmp_path / "a.czi", [smooth])
    with open_image(tmp_path / "a.czi") as slide:
        assert slide.downsamples == (1, 2, 4)
        part = slide.read(7, 9, 50, 82, level=2)
        assert np.abs(part.astype(int) - smooth[28:200:4, 36:328:4]).max() <= 4


def test_channels_are_kept_apart_with_names_and_values(channels):
    stored = read_czi(channels)
    assert (stored.channels, stored.pixel_size_um) == (("DAPI", "FITC"), 0.5)
    level, at = stored.levels[0], stored.axes.index("C")
    wanted = [0] * level.ndim
    wanted[at], wanted[-2:] = 1, (slice(10, 30), slice(5, 80, 2))
    np.testing.assert_array_equal(level[tuple(wanted)], DEEP[1, 10:30, 5:80:2])
    assert level.dtype == np.uint16
    assert np.squeeze(level[tuple(slice(None) for _ in level.shape)]).shape == (2, 90, 120)
    stored.release()


def test_threads_read_the_same_pixels(picture):
    with open_image(picture) as slide, ThreadPoolExecutor(8) as pool:
        for k, pixels in enumerate(pool.map(lambda k: slide.read(k, k, k + 90, k + 90), range(40))):
            np.testing.assert_array_equal(pixels, RGB[k : k + 90, k : k + 90])


def test_without_its_package_the_line_to_type_is_said(picture, monkeypatch):
    monkeypatch.setitem(sys.modules, "pylibCZIrw", None)
    monkeypatch.delitem(sys.modules, "pylibCZIrw.czi", raising=False)
    with pytest.raises(ImageError, match=r"CZI needs pylibCZIrw: pip install 'napari-hemalens\[slides\]'"):
        open_image(picture)


def test_a_damaged_file_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "a.czi").write_bytes(b"ZISRAWFILE" + bytes(600))
    with pytest.raises(ImageError, match=r"^Cannot read .*a\.czi: .+\.$"):
        open_image(tmp_path / "a.czi")
