"""LabelMe's shapes give the boxes around them."""

import json
from pathlib import Path
from typing import Any

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import labelme, read_annotations


def shape(kind: str, *points: Any, label: str = "WBC") -> dict[str, Any]:
    return {"label": label, "points": list(points), "group_id": None, "shape_type": kind, "flags": {}}


def saved(folder: Path, *shapes: Any, name: str = "a") -> Path:
    document = {"version": "5.4.1", "flags": {}, "shapes": list(shapes), "imagePath": f"{name}.png", "imageData": None}
    file = folder / f"{name}.json"
    file.write_text(json.dumps({**document, "imageHeight": 80, "imageWidth": 100}), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "drawn",
    [
        shape("rectangle", [10, 20], [40, 50]),
        shape("rectangle", [40, 50], [10, 20]),
        shape("polygon", [10, 20], [40, 35], [25, 50]),
        shape("circle", [25, 35], [40, 35]),
        shape("mask", [10, 20], [40, 50]),
    ],
)
def test_a_shape_gives_the_box_around_it(tmp_path: Path, drawn: dict[str, Any]) -> None:
    (found,) = read_annotations(saved(tmp_path, drawn))
    assert found.boxes.tolist() == [[20, 10, 50, 40]]
    assert (found.class_names.tolist(), found.image_shape, found.provenance.notes) == (["WBC"], (80, 100), ())


def test_a_folder_has_a_file_for_each_image(tmp_path: Path) -> None:
    for name in ("a", "b"):
        saved(tmp_path, shape("rectangle", [10, 20], [40, 50], label=name), name=name)
    fields = read_annotations(tmp_path)
    assert [field.provenance.image for field in fields] == ["a.png", "b.png"]
    assert fields[0].names == ("a", "b")


def test_points_lines_and_what_is_no_shape_are_left_out_by_kind(tmp_path: Path) -> None:
    odd = (shape("point", [1, 2]), shape("linestrip", [1, 2], [3, 4]), shape("polygon"), "no shape")
    (found,) = read_annotations(saved(tmp_path, shape("rectangle", [10, 20], [40, 50]), *odd))
    assert len(found) == 1
    assert "2 times a box with a corner that is no number, a line, a point" in found.provenance.notes[0]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(AnnotationError, match="is no JSON of LabelMe"):
        labelme.FORMAT.read(tmp_path / "a.json")
