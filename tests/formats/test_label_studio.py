"""Label Studio: regions in per cent become boxes in pixels."""

import json
from pathlib import Path
from typing import Any

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import label_studio, read_annotations


def region(kind: str = "rectangle", **value: Any) -> dict[str, Any]:
    """Return a region of an image of 200 x 100 pixels."""
    box = {"x": 10, "y": 20, "width": 5, "height": 10, "rotation": 0} if kind == "rectangle" else {}
    about = {"original_width": 200, "original_height": 100, "image_rotation": 0, "type": f"{kind}labels"}
    return {**about, "value": {**box, f"{kind}labels": ["WBC"], **value}}


def task(*regions: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {"image": "/data/upload/1/0a1b2c3d-smear%201.png"}
    return {"id": 1, "data": data, "annotations": [{"result": list(regions), "was_cancelled": False}], **more}


def saved(folder: Path, *tasks: Any) -> Path:
    (folder / "project-1.json").write_text(json.dumps(list(tasks)), encoding="utf-8")
    return folder / "project-1.json"


@pytest.mark.parametrize(
    ("drawn", "box"),
    [
        (region(), [20, 20, 30, 30]),
        (region(rotation=90), [20, 10, 30, 20]),
        (region("ellipse", x=50, y=50, radiusX=10, radiusY=10, rotation=0), [40, 80, 60, 120]),
        (region("ellipse", x=50, y=50, radiusX=10, radiusY=10, rotation=90), [30, 90, 70, 110]),
        (region("polygon", points=[[1, 4], [9.5, 5], [6, 11]]), [4, 2, 11, 19]),
    ],
)
def test_a_region_in_per_cent_is_a_box_in_pixels(tmp_path: Path, drawn: dict[str, Any], box: list[float]) -> None:
    (found,) = read_annotations(saved(tmp_path, task(drawn)))
    assert found.boxes.tolist() == [pytest.approx(box)]
    assert (found.class_names.tolist(), found.image_shape) == (["WBC"], (100, 200))
    assert found.provenance.notes == ()


def test_images_go_by_their_names_without_what_was_put_before_them(tmp_path: Path) -> None:
    (tmp_path / "smear 1.png").write_bytes(b"")
    (tmp_path / "b.png").write_bytes(b"")
    local = {"data": {"image": "/data/local-files/?d=day1/b.png"}}
    fields = read_annotations(saved(tmp_path, task(region()), task(region(), **local)))
    assert [Path(field.provenance.image).name for field in fields] == ["smear 1.png", "b.png"]


def test_the_short_export_and_that_of_old_versions_are_read(tmp_path: Path) -> None:
    value = {**region()["value"], "original_width": 200, "original_height": 100}
    short = {"image": "a.png", "label": [value], "id": 1, "annotator": 1}
    old = {"data": {"img": "a.png"}, "completions": [{"result": [region()]}]}
    for each in (short, old):
        (found,) = read_annotations(saved(tmp_path, each))
        assert (found.boxes.tolist(), found.provenance.image) == ([[20, 20, 30, 30]], "a.png")


def test_a_label_said_by_a_tool_of_its_own_belongs_to_its_region(tmp_path: Path) -> None:
    shape = {**region(), "id": "x", "type": "rectangle"}
    shape["value"] = {key: value for key, value in shape["value"].items() if key != "rectanglelabels"}
    label = {"id": "x", "type": "labels", "value": {"labels": ["RBC"]}}
    for order in ((shape, label), (label, shape)):
        (found,) = read_annotations(saved(tmp_path, task(*order)))
        assert found.class_names.tolist() == ["RBC"]


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (region("keypoint", x=1, y=2), "left out: a point"),
        ({"type": "choices", "value": {"choices": ["good"]}}, "left out: a choice for the whole image"),
        ({**region(), "image_rotation": 90}, "left out: a region on an image that was turned"),
        (region(x="left"), "left out: a box with a corner that is no number"),
        (region("polygon", points="none"), "left out: a box with a corner that is no number"),
        (region("brush", rle=[1, 2, 3]), "left out: a box with a corner that is no number"),
        (region(rectanglelabels=[]), "without a class, taken as unclassifiable"),
        (7, "left out: a region of the kind labels"),
    ],
)
def test_an_odd_region_costs_no_file_and_is_said(tmp_path: Path, odd: Any, said: str) -> None:
    (found,) = label_studio.FORMAT.read(saved(tmp_path, task(odd, region())))
    assert "WBC" in found.class_names
    assert any(said in note for note in found.provenance.notes)


def test_of_several_people_the_first_is_read_and_that_is_said(tmp_path: Path) -> None:
    cancelled = {"result": [region()] * 3, "was_cancelled": True}
    others = [cancelled, {"result": [region()]}, {"result": [region(), region(x=50)]}]
    (found,) = label_studio.FORMAT.read(saved(tmp_path, task(annotations=others)))
    assert len(found) == 1
    assert found.provenance.notes == ("Several people annotated the image: the cells of the first are read.",)
    (none,) = label_studio.FORMAT.read(saved(tmp_path, task(annotations=[])))
    assert len(none) == 0


@pytest.mark.parametrize("document", [[], {}, [1], [{"geometry": {}}], {"images": [], "annotations": []}])
def test_other_json_is_not_taken_for_label_studio(tmp_path: Path, document: Any) -> None:
    (tmp_path / "a.json").write_text(json.dumps(document), encoding="utf-8")
    assert not label_studio.FORMAT.holds(tmp_path)
    with pytest.raises(AnnotationError, match="is no export of Label Studio"):
        label_studio.FORMAT.read(tmp_path / "a.json")
