"""CVAT for images: the box around every shape, as CVAT draws it."""

from pathlib import Path

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import cvat, read_annotations

HEAD = "<?xml version='1.0' encoding='utf-8'?><annotations><version>1.1</version><meta/>"


def saved(folder: Path, *shapes: str, name: str = "annotations.xml", more: str = "") -> Path:
    image = f'<image id="0" name="day1/a.png" subset="Train" width="90" height="60">{"".join(shapes)}</image>'
    (folder / name).write_text(f"{HEAD}{image}{more}</annotations>", encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ('<box label="WBC" xtl="10.5" ytl="5" xbr="30" ybr="20"/>', [5, 10.5, 20, 30]),
        ('<box label="WBC" xtl="10" ytl="10" xbr="30" ybr="20" rotation="90.0"/>', [5, 15, 25, 25]),
        ('<polygon label="WBC" points="3.00,4.00;9.50,5.00;6.00,11.00"/>', [4, 3, 11, 9.5]),
        ('<polyline label="WBC" points="3,5;9,4"/>', [4, 3, 5, 9]),
        ('<ellipse label="WBC" cx="20" cy="15" rx="8" ry="4"/>', [11, 12, 19, 28]),
        ('<ellipse label="WBC" cx="20" cy="15" rx="8" ry="4" rotation="90"/>', [7, 16, 23, 24]),
        ('<mask label="WBC" rle="1, 2, 3" left="7" top="9" width="10" height="20"/>', [9, 7, 29, 17]),
    ],
)
def test_a_shape_is_read_as_the_box_around_it(tmp_path: Path, shape: str, box: list[float]) -> None:
    (found,) = read_annotations(saved(tmp_path, shape))
    assert found.boxes.tolist() == [pytest.approx(box)]
    assert (found.class_names.tolist(), found.scores.tolist()) == (["WBC"], [1])
    assert (found.provenance.image, found.image_shape, found.provenance.notes) == ("day1/a.png", (60, 90), ())


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ('<points label="WBC" points="3,4"/>', "left out: a point"),
        ('<tag label="good"/>', "left out: a tag of the whole image"),
        ('<skeleton label="WBC"><points points="1,2"/></skeleton>', "left out: a skeleton"),
        ('<blob label="WBC"/>', "left out: a shape of the kind blob"),
        ('<box label="WBC" xtl="ten" ytl="5" xbr="30" ybr="20"/>', "left out: a box with a corner that is no number"),
        ('<polygon label="WBC"/>', "left out: a box with a corner that is no number"),
        ('<box xtl="1" ytl="5" xbr="30" ybr="20"/>', "without a class, taken as unclassifiable"),
    ],
)
def test_an_odd_shape_costs_no_file_and_is_said(tmp_path: Path, shape: str, said: str) -> None:
    (found,) = cvat.read(saved(tmp_path, shape, '<box label="RBC" xtl="0" ytl="0" xbr="9" ybr="9"/>'))
    assert "RBC" in found.class_names
    assert any(said in note for note in found.provenance.notes)


def test_the_score_of_automatic_annotation_is_read(tmp_path: Path) -> None:
    shape = '<box label="WBC" xtl="0" ytl="0" xbr="9" ybr="9"><attribute name="Confidence">0.75</attribute></box>'
    assert cvat.read(saved(tmp_path, shape))[0].scores.tolist() == [0.75]


def test_a_subset_is_a_split_and_a_folder_is_searched(tmp_path: Path) -> None:
    more = '<image id="1" name="b.png" subset="Validation" width="90" height="60"/>'
    saved(tmp_path, '<box label="WBC" xtl="0" ytl="0" xbr="9" ybr="9"/>', more=more)
    assert [len(field) for field in read_annotations(tmp_path)] == [1, 0]
    assert [field.provenance.image for field in read_annotations(tmp_path, split="val")] == ["b.png"]
    assert not cvat.holds(tmp_path, "test")


def test_a_video_is_refused_with_what_to_export(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_text(f'{HEAD}<track id="0" label="WBC"><box frame="0"/></track></annotations>', encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"export the task as 'CVAT for images 1\.1'"):
        cvat.read(file)


@pytest.mark.parametrize("text", ["<annotation><object/></annotation>", "<annotations", ""])
def test_other_xml_is_not_taken_for_cvat(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.xml").write_text(text, encoding="utf-8")
    assert not cvat.holds(tmp_path)
