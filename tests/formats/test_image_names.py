import numpy as np
import pytest
from tests.written_slides import write_dicom_slide

from napari_hemalens.formats.image_names import called, folders_near, is_file, is_there, locate_image


def test_an_image_is_looked_for_in_one_folder_after_the_other(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    (tmp_path / "two" / "a.png").touch()
    folders = (tmp_path / "one", tmp_path / "two")
    assert locate_image("a.png", folders) == str(tmp_path / "two" / "a.png")
    assert locate_image("b.png", folders) == "b.png"
    assert locate_image("", folders) == ""


@pytest.mark.parametrize(
    "name",
    [
        r"images\my a.png",
        r"C:\data\my a.png",
        "elsewhere/my a.png",
        "0a1b2c3d-my%20a.png",
        "MY A.PNG",
        "my a.jpg",
        "my a",
    ],
)
def test_names_of_images_are_compared_by_meaning(tmp_path, name):
    (tmp_path / "my a.png").touch()
    (tmp_path / "my a.txt").touch()
    assert locate_image(name, [tmp_path]) == str(tmp_path / "my a.png")


def test_two_images_of_one_stem_are_not_guessed_between(tmp_path):
    for name in ("a.png", "a.tif"):
        (tmp_path / name).touch()
    assert locate_image("a.jpg", [tmp_path]) == "a.jpg"


def test_images_lie_in_folders_that_tools_make(tmp_path):
    (tmp_path / "images" / "default").mkdir(parents=True)
    found = folders_near(tmp_path / "annotations" / "a.json")
    assert {tmp_path, tmp_path / "images", tmp_path / "images" / "default"} <= set(found)


def test_a_name_that_no_file_can_have_is_no_file(tmp_path):
    assert not is_file(tmp_path / ("a" * 300))
    assert not is_file(tmp_path / "a\0b")


def test_the_part_of_an_image_stays_behind_its_path(tmp_path):
    (tmp_path / "a.svs").touch()
    assert locate_image("a.svs [Y=0-9,X=1-8]", [tmp_path]) == f"{tmp_path / 'a.svs'} [Y=0-9,X=1-8]"


def test_an_image_is_known_by_its_name_with_or_without_suffix(tmp_path):
    assert called("/d/A.tif [Y=0-9,X=1-8]") == {"a", "a.tif"}
    assert called("/d/SM_1.2.840.13") == {"sm_1.2.840.13"}  # no file of kind 13


def test_a_file_of_a_dicom_slide_is_known_by_its_folder(tmp_path):
    write_dicom_slide(tmp_path / "SM_1", [np.zeros((64, 64, 3), np.uint8)])
    assert called(str(tmp_path / "SM_1" / "00000000.dcm")) == {"00000000", "00000000.dcm", "sm_1"}
    assert locate_image("SM_1", [tmp_path]) == str(tmp_path / "SM_1")


def test_an_image_is_there_as_a_file_a_folder_or_a_part_of_one(tmp_path):
    (tmp_path / "slide.ome.zarr").mkdir()
    (tmp_path / "slide.ome.zarr" / ".zgroup").touch()
    (tmp_path / "a.tif").touch()
    (tmp_path / "empty").mkdir()
    for image in ("a.tif", "slide.ome.zarr"):
        assert is_there(tmp_path / image)
        assert is_there(tmp_path / f"{image} [Y=0-9,X=0-9]")
    assert not any(is_there(tmp_path / name) for name in ("empty", "b.tif", "b.tif [Y=0-9,X=0-9]", "a" * 300))
    assert locate_image("slide.ome.zarr", [tmp_path]) == str(tmp_path / "slide.ome.zarr")


def test_an_image_in_a_folder_that_may_not_be_looked_into_is_not_there(tmp_path, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("napari_hemalens.formats.image_names.is_zarr", forbidden)
    assert not is_there(tmp_path)
