"""Whole slides in DICOM are read by region, level by level, with their pixel size."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.written_slides import pyramid, write_dicom_slide

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.dicom import read_dicom
from napari_hemalens.slides.open import images_in, is_image, open_image

Y, X = np.mgrid[:200, :300]
SMOOTH = np.stack([Y, X * 0.8, 255 - Y], axis=2).astype(np.uint8)  # JPEG keeps it within a few grey levels
LEVELS = pyramid(SMOOTH)


@pytest.fixture(scope="module")
def slide_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("idc") / "SM_1.2.3"
    write_dicom_slide(folder, LEVELS, um=(0.25, 0.25))
    return folder


def assert_close(pixels, expected):
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < 3


def test_a_folder_is_a_slide_with_levels_and_pixel_size(slide_folder):
    with open_image(slide_folder) as slide:
        assert (slide.shape, slide.downsamples, slide.pixel_size_um) == ((200, 300), (1, 2, 4), 0.25)
        assert_close(slide.read(50, 60, 170, 290), SMOOTH[50:170, 60:290])
        assert_close(slide.read(10, 20, 50, 75, level=2), LEVELS[2][10:50, 20:75])


def test_any_file_of_a_slide_stands_for_all_of_it(slide_folder):
    for file in sorted(slide_folder.iterdir())[:3]:
        with open_image(file) as slide:
            assert slide.downsamples == (1, 2, 4)


def test_a_folder_of_slides_lists_each_once(slide_folder, tmp_path):
    assert images_in([slide_folder.parent]) == (slide_folder,)
    together = tmp_path / "two"
    for number in "ab":
        write_dicom_slide(together / number, LEVELS)
        for file in (together / number).iterdir():
            file.rename(together / f"{number}{file.name}")
        (together / number).rmdir()
    assert [file.name for file in images_in([together])] == ["a00000000.dcm", "b00000000.dcm"]
    with pytest.raises(ImageError, match="several DICOM slides: give a file of the one that is meant"):
        read_dicom(together)


def test_overview_and_other_files_are_no_images(slide_folder, tmp_path):
    assert [is_image(file) for file in sorted(slide_folder.iterdir())] == [True, True, True, False]
    (tmp_path / "a.dcm").write_bytes(bytes(200))
    assert not is_image(tmp_path / "a.dcm")


def test_threads_read_the_same_pixels(slide_folder):
    with open_image(slide_folder) as slide, ThreadPoolExecutor(8) as pool:
        read = pool.map(lambda k: slide.read(k, k, k + 90, k + 90), range(0, 100, 5))
        for k, pixels in zip(range(0, 100, 5), read, strict=True):
            assert_close(pixels, SMOOTH[k : k + 90, k : k + 90])


def test_a_damaged_file_is_refused_with_a_sentence(slide_folder, tmp_path):
    file = tmp_path / "a.dcm"
    file.write_bytes((slide_folder / "00000000.dcm").read_bytes()[:700])
    with pytest.raises(ImageError, match=r"^Cannot read .*a\.dcm: .+\.$"):
        open_image(file)


@pytest.mark.parametrize("package", ["wsidicom", "pydicom"])
def test_without_its_packages_a_slide_is_refused_with_the_line_to_type(slide_folder, monkeypatch, package, tmp_path):
    file = tmp_path / "a.dcm"
    file.write_bytes((slide_folder / "00000000.dcm").read_bytes())
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ImageError, match=rf"Cannot read .*: .*DICOM.* needs {package}: pip install 'napari-hemalens\[sl"
    ):
        open_image(file)
