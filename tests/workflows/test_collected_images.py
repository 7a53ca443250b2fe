"""Images are copied into a training set as they are, or as the picture that was looked at."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.open import open_image
from napari_hemalens.workflows import collected_images
from napari_hemalens.workflows.collected_images import copy_image

PIXELS = np.random.default_rng(0).integers(0, 255, (2, 40, 50, 3), dtype=np.uint8)


def as_is(slide: object) -> object:
    return slide


def test_a_file_that_training_reads_is_copied_byte_by_byte(tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "a.jpg", PIXELS[0])
    copy, content = copy_image(tmp_path / "a.jpg", tmp_path / "set" / "a", "", as_is, kept=(".jpg",))
    assert copy.read_bytes() == (tmp_path / "a.jpg").read_bytes()
    assert (copy.name, content) == ("a.jpg", tmp_path / "a.jpg")


def test_the_frame_that_was_looked_at_becomes_a_picture(tmp_path: Path) -> None:
    file = tmp_path / "stack.tif"
    tifffile.imwrite(file, PIXELS, photometric="rgb", metadata={"axes": "TYXS"}, ome=True)
    copy, content = copy_image(file, tmp_path / "set" / "stack_T1", "T=1", as_is, kept=(".tif",))
    np.testing.assert_array_equal(iio.imread(copy), PIXELS[1])
    assert (copy.name, content) == ("stack_T1.png", file)  # all frames are held out, or none


def test_a_picture_as_tiff_has_the_pixel_size_of_its_image(tmp_path: Path) -> None:
    file = tmp_path / "stack.tif"
    about = {"axes": "TYXS", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.25}
    tifffile.imwrite(file, PIXELS, photometric="rgb", metadata=about, ome=True)
    copy, _ = copy_image(file, tmp_path / "set" / "stack_T1", "T=1", as_is, kept=(".tif",), suffix=".tif")
    with open_image(copy) as slide:
        np.testing.assert_array_equal(slide.read(0, 0, 40, 50), PIXELS[1])
        assert slide.pixel_size_um == pytest.approx(0.25)


def test_the_part_that_was_looked_at_becomes_a_picture(tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "a.png", PIXELS[0])
    part = tmp_path / "a.png [Y=10-30,X=5-45]"
    copy, content = copy_image(part, tmp_path / "set" / "part", "", as_is, kept=(".png",))
    np.testing.assert_array_equal(iio.imread(copy), PIXELS[0][10:30, 5:45])
    assert content == copy


def test_an_image_too_large_to_train_on_whole_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PIXELS[0])
    monkeypatch.setattr(collected_images, "_LARGEST", 100)
    with pytest.raises(ImageError, match=r"a\.tif is too large to train on whole \(40 x 50 pixels\)"):
        copy_image(tmp_path / "a.tif", tmp_path / "set" / "a", "", as_is, kept=(".png",))
