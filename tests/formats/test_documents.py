"""JSON files, read against a model of what they must hold."""

import pytest
import yaml
from pydantic import BaseModel

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import documents


class Point(BaseModel):
    y: int
    x: int


def test_a_document_is_written_and_read_with_its_names_as_they_are(tmp_path):
    documents.save(tmp_path / "a.json", {"Präparat": 1})
    assert "Präparat" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert documents.content(tmp_path / "a.json") == {"Präparat": 1}


def test_a_byte_order_mark_is_passed_over(tmp_path):
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"y": 1, "x": 2}')
    assert documents.load(tmp_path / "a.json", Point, "point") == Point(y=1, x=2)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"y": 1}', "is not a point: x: field required"),
        ('{"y": 1', "is not JSON: "),
        (None, "Cannot read"),
    ],
)
def test_what_is_not_laid_out_like_the_model_is_refused(tmp_path, text, fault):
    if text is not None:
        (tmp_path / "a.json").write_text(text)
    with pytest.raises(AnnotationError, match=fault):
        documents.load(tmp_path / "a.json", Point, "point")


def test_a_folder_stands_for_its_usual_file_or_all_that_it_holds(tmp_path):
    for name in ("mine.json", "valid.json"):
        (tmp_path / name).touch()
    assert documents.files_of(tmp_path / "mine.json", None, "coco.json") == [tmp_path / "mine.json"]
    assert documents.files_of(tmp_path, "val", "coco.json") == [tmp_path / "valid.json"]
    assert documents.files_of(tmp_path, None, "coco.json") == [tmp_path / "mine.json", tmp_path / "valid.json"]
    (tmp_path / "coco.json").touch()
    assert documents.files_of(tmp_path, None, "coco.json") == [tmp_path / "coco.json"]
    assert documents.files_of(tmp_path, "test", "coco.json") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_in_the_encodings_that_windows_writes(encoding):
    assert documents.decoded("Zellgröße".encode(encoding)) == "Zellgröße"


@pytest.mark.parametrize("text", ["[" * 3000, "- " * 3000, "a: {" * 3000])
def test_yaml_nested_deep_is_refused_before_it_is_read(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="nested more than 50 deep"):
        documents.yaml_content(text)
    assert documents.yaml_content("names: {0: [a, b]}") == {"names": {0: ["a", "b"]}}
