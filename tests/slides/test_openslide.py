"""Files of slide scanners that OpenSlide alone reads are read by region, level by level, with their pixel size."""

import sys

import numpy as np
import pytest
from tests.written_slides import pyramid, write_mrxs

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.images import header_size
from napari_hemalens.slides.open import images_in, open_image
from napari_hemalens.slides.openslide import read_openslide

Y, X = np.mgrid[:256, :512]
SMOOTH = np.stack([Y, X // 2, 255 - Y], axis=2).astype(np.uint8)
LEVELS = pyramid(SMOOTH)


@pytest.fixture(scope="module")
def mirax(tmp_path_factory):
    file = tmp_path_factory.mktemp("mirax") / "a.mrxs"
    write_mrxs(file, LEVELS)
    return file


def assert_close(pixels, expected):
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < 3


def test_a_mirax_slide_has_its_levels_and_pixel_size(mirax):
    with open_image(mirax) as slide:
        assert (slide.shape, slide.downsamples, slide.pixel_size_um) == ((256, 512), (1, 2, 4), 0.25)
        assert_close(slide.read(50, 60, 170, 290), SMOOTH[50:170, 60:290])
        assert_close(slide.read(10, 20, 50, 125, level=2), LEVELS[2][10:50, 20:125])
    assert header_size(mirax) == (256, 512)
    assert images_in([mirax.parent]) == (mirax,)


def test_what_was_not_scanned_is_white(tmp_path):
    write_mrxs(tmp_path / "a.mrxs", LEVELS[:1])
    index = tmp_path / "a" / "Index.dat"
    stored = bytearray(index.read_bytes())
    stored[-20:-16] = (1).to_bytes(4, "little")  # the last tile lies where the second does
    index.write_bytes(stored)
    level = read_openslide(tmp_path / "a.mrxs").levels[0]
    assert (level[200:256, 460:512] == 255).all()


def test_without_openslide_the_line_to_type_is_said(mirax, monkeypatch):
    monkeypatch.setitem(sys.modules, "openslide", None)
    with pytest.raises(ImageError, match=r"MRXS of a slide scanner needs openslide: pip install 'napari-hemalens\[sli"):
        open_image(mirax)


@pytest.mark.parametrize("suffix", [".vsi", ".isyntax", ".kfb"])
def test_what_nothing_reads_is_refused_with_a_way_out(tmp_path, suffix):
    file = tmp_path / f"a{suffix}"
    file.write_bytes(b"II*\0" + bytes(99))
    with pytest.raises(
        ImageError, match=rf"Cannot read .*: nothing that HemaLens uses reads {suffix} files .* OME-TIFF"
    ):
        open_image(file)
    assert images_in([tmp_path]) == (file,)
