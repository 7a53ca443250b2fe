"""Create ML's boxes have a centre."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import create_ml, read_annotations

BOX = {"label": "WBC", "coordinates": {"x": 25, "y": 35, "width": 30, "height": 30}}


def saved(folder: Path, *images: Any) -> Path:
    file = folder / "_annotations.createml.json"
    file.write_text(json.dumps(list(images)), encoding="utf-8")
    return file


@pytest.mark.parametrize(("image", "annotations"), [("image", "annotations"), ("imagefilename", "annotation")])
def test_a_box_is_put_around_its_centre(tmp_path: Path, image: str, annotations: str) -> None:
    Image.new("RGB", (100, 80)).save(tmp_path / "a.png")
    saved(tmp_path, {image: "a.png", annotations: [BOX]}, {image: "b.png", annotations: []})
    first, second = read_annotations(tmp_path)
    assert first.boxes.tolist() == [[20, 10, 50, 40]]
    assert (first.class_names.tolist(), first.image_shape) == (["WBC"], (80, 100))
    assert len(second) == 0


def test_an_odd_box_costs_no_other(tmp_path: Path) -> None:
    odd = ({"label": "WBC"}, "no box", {"label": "WBC", "coordinates": {"x": "left"}})
    (found,) = read_annotations(saved(tmp_path, {"image": "a.png", "annotations": [BOX, *odd]}))
    assert found.boxes.tolist() == [[20, 10, 50, 40]]
    assert "3 times a box with a corner that is no number" in found.provenance.notes[1]


def test_a_list_of_other_things_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="is no JSON of Create ML"):
        create_ml.FORMAT.read(saved(tmp_path, {"image": "a.png", "annotations": [{"bbox": [1, 2, 3, 4]}]}))
