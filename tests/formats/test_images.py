import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.written_slides import write_dicom_slide

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.images import header_size, known_size


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif", ".TIFF"])
def test_the_size_is_height_then_width(tmp_path, suffix):
    file = tmp_path / f"a{suffix}"
    if suffix.lower().startswith(".tif"):
        tifffile.imwrite(file, np.zeros((60, 90, 3), np.uint8), photometric="rgb")
    else:
        Image.new("RGB", (90, 60)).save(file)
    assert header_size(file) == known_size(str(file)) == (60, 90)


def test_a_very_large_picture_has_a_size_without_a_warning(tmp_path, monkeypatch):
    Image.new("L", (90, 60)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert header_size(tmp_path / "a.png") == (60, 90)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("content", [None, b"not an image"], ids=["missing", "text"])
def test_a_file_that_is_no_image_is_named(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageError, match=rf"Cannot read the size of .*{name}: "):
        header_size(tmp_path / name)


def test_a_bare_name_has_no_size():
    assert known_size("b.png") is None
    assert known_size("a" * 300) is None


def test_a_dicom_slide_and_a_part_of_an_image_have_their_size(tmp_path):
    write_dicom_slide(tmp_path / "SM_1", [np.zeros((70, 90, 3), np.uint8)])
    assert header_size(tmp_path / "SM_1") == known_size(str(tmp_path / "SM_1")) == (70, 90)
    assert header_size(tmp_path / "SM_1" / "00000000.dcm") == (70, 90)
    assert known_size(f"{tmp_path / 'SM_1'} [Y=8-20,X=4-50]") == (12, 46)
