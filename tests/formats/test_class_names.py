import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.class_names import by_meaning, read_class_names, renamed, unknown_names
from napari_hemalens.records.detections import Detections


def field(*labels):
    names = tuple(dict.fromkeys(labels))
    boxes = [[0, 0, 9, 9]] * len(labels)
    classes = [names.index(label) for label in labels]
    return Detections.from_arrays(boxes, [1] * len(labels), classes, names=names, image_shape=(9, 9), recognised=names)


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.csv", "name,class\nLeuko,WBC\nJunk,\n"), ("a.txt", "Leuko;WBC\nJunk;\n"), ("a.yaml", "Leuko: WBC\nJunk:\n")],
)
def test_names_are_read_from_a_table_or_a_mapping(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_class_names(tmp_path / name) == {"Leuko": "WBC", "Junk": ""}


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("Leuko\n")
    with pytest.raises(AnnotationError, match="is no table of a name and its class"):
        read_class_names(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("Leuko," + "x" * 200_000)
    with pytest.raises(AnnotationError, match="is not a table: field larger"):
        read_class_names(tmp_path / "b.csv")


def test_cells_are_called_as_told_and_those_of_no_class_left_out():
    (found,) = renamed([field("Leuko", "RBC", "junk")], {"leuko": "WBC", "Junk": ""})
    assert found.class_names.tolist() == ["WBC", "RBC"]
    assert found.names == found.recognised == ("WBC", "RBC")


def test_classes_of_which_nothing_is_known_are_named():
    assert unknown_names([field("Red blood cells", "Leuko", "Leuko")]) == {"Leuko": 2}


def test_spellings_of_one_class_become_one():
    (found,) = by_meaning([field("RBC", "red blood cell", "Leuko")])
    assert found.class_names.tolist() == ["erythrocyte", "erythrocyte", "Leuko"]
