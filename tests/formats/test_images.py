import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.images import header_size, known_size, locate_image


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


def test_an_image_is_looked_for_in_one_folder_after_the_other(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    (tmp_path / "two" / "a.png").touch()
    folders = (tmp_path / "one", tmp_path / "two")
    assert locate_image("a.png", folders) == str(tmp_path / "two" / "a.png")
    assert locate_image("b.png", folders) == "b.png"
    assert locate_image("", folders) == ""
    assert known_size("b.png") is None
