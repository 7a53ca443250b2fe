import numpy as np
import pytest
from tests.written_slides import LYMPHOCYTE, pyramid, write_dicom_boxes, write_dicom_slide

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.dicom_files import (
    header,
    headers,
    is_dicom,
    is_dicom_slide,
    is_level,
    levels_of,
    slide_path,
)

GREY = np.full((120, 150, 3), 200, np.uint8)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    write_dicom_slide(folder / "SM_1", pyramid(GREY), um=(0.5, 0.25))
    boxes = {LYMPHOCYTE: [[1, 2, 3, 4]]}
    write_dicom_boxes(folder / "ANN_1" / "a.dcm", folder / "SM_1", boxes, description="cells")
    return folder


def test_headers_say_what_a_file_holds(study):
    found = headers([study], deep=True)
    assert [each.kind for each in found] == ["annotations", "level", "level", "level", "picture"]
    cells, finest = found[0], found[1]
    assert (cells.slide, cells.level, cells.description) == (finest.series, finest.instance, "cells")
    assert (finest.shape, finest.pixel_size_um, finest.patient) == ((120, 150), (0.5, 0.25), "P1")


def test_a_slide_is_called_by_its_folder_or_by_its_finest_file(study, tmp_path):
    levels = levels_of(study / "SM_1" / "00000002.dcm")
    assert [each.shape for each in levels] == [(120, 150), (60, 75), (30, 37)]
    assert slide_path(levels) == study / "SM_1"
    for number in "ab":
        write_dicom_slide(tmp_path / number, [GREY])
        (tmp_path / number / "00000000.dcm").rename(tmp_path / f"{number}.dcm")
    assert not is_dicom_slide(tmp_path)
    assert slide_path(levels_of(tmp_path / "b.dcm")) == tmp_path / "b.dcm"


def test_files_are_known_by_their_mark(study, tmp_path):
    level = study / "SM_1" / "00000000.dcm"
    assert is_dicom(level)
    assert is_level(level)
    assert not is_level(study / "ANN_1" / "a.dcm")
    (tmp_path / "a.dcm").write_bytes(b"DICM" + bytes(200))
    assert not is_dicom(tmp_path / "a.dcm")
    assert not is_dicom(tmp_path / "not there")
    assert not is_dicom_slide(tmp_path)


def test_a_file_that_is_no_level_is_no_slide(study):
    with pytest.raises(ImageError, match=r"it is DICOM, but no whole slide"):
        levels_of(study / "ANN_1" / "a.dcm")


def test_a_file_that_has_changed_is_read_anew(study, tmp_path):
    file = tmp_path / "a.dcm"
    file.write_bytes((study / "SM_1" / "00000000.dcm").read_bytes())
    assert header(file).kind == "level"
    file.write_bytes((study / "ANN_1" / "a.dcm").read_bytes())
    assert header(file).kind == "annotations"
