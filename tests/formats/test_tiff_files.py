import struct
from pathlib import Path

import numpy as np
import pytest
from tifffile import TiffWriter

from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.formats.images import header_size
from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.formats.tiff_files import open_tiff
from napari_hemalens.slides.open import open_image


def pages(path: Path, *, bigtiff: bool = False, byteorder: str = "<") -> list[int]:
    """Write three images; return where the places of the next are stored."""
    with TiffWriter(path, bigtiff=bigtiff, byteorder=byteorder) as file:
        for _ in range(3):
            file.write(np.zeros((8, 9), np.uint8), metadata=None, contiguous=False)
    with open_tiff(path) as tiff:
        tag, number = (20, 8) if bigtiff else (12, 2)
        assert len(tiff.pages) == 3
        return [page.offset + number + tag * len(page.tags) for page in tiff.pages]


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_a_list_that_leads_back_into_itself_is_refused(tmp_path: Path, bigtiff: bool, byteorder: str) -> None:
    path = tmp_path / "a.tif"
    places = pages(path, bigtiff=bigtiff, byteorder=byteorder)
    data = bytearray(path.read_bytes())
    form = byteorder + ("Q" if bigtiff else "I")
    first = struct.unpack_from(form, data, 8 if bigtiff else 4)[0]
    struct.pack_into(form, data, places[-1], first)
    path.write_bytes(data)
    for read, kind in ((open_image, ImageError), (read_labels, AnnotationError), (header_size, ImageError)):
        with pytest.raises(kind, match="leads back into itself"):
            read(path)


def damaged(path: Path, place: int, value: int) -> None:
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, place, value)
    path.write_bytes(data)


def test_good_images_before_a_break_in_the_list_are_read_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    damaged(path, pages(path)[-1], 10**6)
    with pytest.warns(UserWarning, match=r"a\.tif is damaged: the list of its images breaks off after 3"):
        assert header_size(path) == (8, 9)


def test_a_list_whose_first_image_lies_beyond_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages(path)
    damaged(path, 4, 10**6)
    with pytest.raises(ImageError, match=r"a\.tif: it is damaged: its list of images"):
        open_image(path)


@pytest.mark.parametrize("length", [0, 1, 5, 9])
def test_what_is_too_short_for_a_tiff_is_refused_in_a_sentence(tmp_path: Path, length: int) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0\x08\0\0\0\x01"[:length])
    with pytest.raises(ImageError, match=r"Cannot read .*a\.tif: "):
        open_image(tmp_path / "a.tif")
