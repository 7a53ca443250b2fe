"""Bulk annotations in DICOM, in the layout of the Imaging Data Commons, become the cells of the regions looked at."""

import sys

import numpy as np
import pytest
from tests.written_slides import LYMPHOCYTE, REGIONS, pyramid, write_collection, write_dicom_boxes, write_dicom_slide

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import read_annotations
from napari_hemalens.formats.image_parts import part_name

GREY = np.full((256, 320, 3), 200, np.uint8)
ONE = {LYMPHOCYTE: [[20, 40, 60, 90]]}


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    root = tmp_path_factory.mktemp("idc")
    return root, write_collection(root, GREY)


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one") / "SM_1"
    write_dicom_slide(folder, pyramid(GREY, 2), um=(0.25, 0.25))
    return folder


def box_of(path):
    (field,) = read_annotations(path)
    return field.boxes.round(2).tolist()


def test_each_region_of_each_slide_is_an_image_with_its_cells(collection):
    root, folders = collection
    fields = read_annotations(root)
    assert [f.provenance.image for f in fields] == [part_name(folder, tuple(r)) for folder in folders for r in REGIONS]
    first, second = fields[:2]
    assert (first.image_shape, first.provenance.pixel_size_um) == ((128, 160), 0.25)
    cells = sorted(zip(first.class_names.tolist(), first.boxes.tolist(), strict=True))
    assert cells == [
        ("lymphocyte", [4, 8, 44, 58]),
        ("lymphocytic_blast", [54, 68, 94, 108]),
        ("thrombocyte", [84, 118, 88, 122]),
    ]
    assert (second.class_names.tolist(), second.boxes.tolist()) == (["lymphocyte"], [[10, 12, 40, 52]])


def test_what_is_left_out_is_said(collection):
    notes = " ".join(read_annotations(collection[0])[0].provenance.notes)
    assert "a box of 'technically_unfit', which is no cell" in notes
    assert "a cell outside the marked regions" in notes


def test_a_file_by_itself_is_read_with_the_regions_beside_it(collection):
    session = collection[1][0].parent / "ANN_1.2.0.3" / "a.dcm"
    fields = read_annotations(session)
    assert [len(field) for field in fields] == [3, 1]
    assert fields[0].counts() == {"lymphocytic_blast": 2, "thrombocyte": 1}


def test_without_a_consensus_the_first_session_is_read(slide):
    folder = slide.parent / "sessions"
    for k, boxes in enumerate(([[0, 0, 9, 9]], [[5, 5, 9, 9]])):
        write_dicom_boxes(folder / f"{k}.dcm", slide, {LYMPHOCYTE: boxes}, description=f"Session {k}: cells")
    assert box_of(folder) == [[0, 0, 9, 9]]


def test_a_slide_without_regions_is_one_image(slide):
    write_dicom_boxes(slide.parent / "cells" / "a.dcm", slide, ONE, description="cells")
    (field,) = read_annotations(slide.parent / "cells" / "a.dcm")
    assert (field.provenance.image, field.image_shape) == (str(slide), (256, 320))


@pytest.mark.parametrize("more", [{"coordinates": "3D"}, {"form": "POLYGON"}])
def test_other_coordinates_and_shapes_give_the_same_boxes(slide, more):
    folder = slide.parent / "_".join(more.values())
    write_dicom_boxes(folder / "a.dcm", slide, ONE, description="cells", **more)
    np.testing.assert_allclose(box_of(folder), ONE[LYMPHOCYTE], atol=0.05)


def test_boxes_of_a_coarser_level_are_scaled(slide):
    write_dicom_boxes(slide.parent / "coarse" / "a.dcm", slide, ONE, description="cells", level=1)
    assert box_of(slide.parent / "coarse") == [[40, 80, 120, 180]]


def test_points_have_no_box_and_are_counted(slide):
    write_dicom_boxes(slide.parent / "points" / "a.dcm", slide, ONE, description="cells", form="POINT")
    (field,) = read_annotations(slide.parent / "points")
    assert len(field) == 0
    assert "a point" in field.provenance.notes[0]


def test_a_class_of_unknown_label_is_called_by_its_code(slide):
    write_dicom_boxes(
        slide.parent / "codes" / "a.dcm", slide, {("X-17", "Lymphoblast"): [[0, 0, 9, 9]]}, description=""
    )
    assert read_annotations(slide.parent / "codes")[0].class_names.tolist() == ["Lymphoblast"]


def test_a_slide_that_is_not_there_is_called_by_its_series(slide, tmp_path):
    write_dicom_boxes(tmp_path / "alone" / "a.dcm", slide, ONE, description="cells")
    (field,) = read_annotations(tmp_path / "alone")
    assert field.provenance.image.count(".") > 3
    assert field.image_shape == (60, 90)


def test_parts_are_whole_patients_drawn_or_listed(collection, tmp_path):
    root, _ = collection
    drawn = [{f.provenance.image for f in _part(root, name)} for name in ("train", "val", "test")]
    assert sum(map(len, drawn)) == len(read_annotations(root))
    (root / "val.txt").write_text("P2\n")
    try:
        fields = read_annotations(root, split="valid")
    finally:
        (root / "val.txt").unlink()
    assert {"P2" in field.provenance.image for field in fields} == {True}


def _part(root, name):
    return read_annotations(root, split=name)


def test_without_its_package_the_line_to_type_is_said(collection, monkeypatch):
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(
        AnnotationError, match=r"DICOM annotations needs? highdicom: pip install 'napari-hemalens\[slid"
    ):
        read_annotations(collection[0])
