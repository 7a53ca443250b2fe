"""Suggested cells as a table that comes back filled in."""

from pathlib import Path

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.suggestions import COLUMNS, read_named, write


def test_rows_without_a_class_have_no_name_yet(tmp_path: Path) -> None:
    rows = [(1, "a.png", 7, 1.0, 2.0, "blast", 0.5, 0.1, ""), (2, "a.png", 9, 1.0, 2.0, "blast", 0.5, 0.1, " ")]
    file = tmp_path / "suggestions.csv"
    write(file, rows)
    assert file.read_text(encoding="utf-8").splitlines()[0] == ",".join(COLUMNS)
    assert read_named(file) == {}
    file.write_text(file.read_text(encoding="utf-8").replace(",9,1.0,2.0,blast,0.5,0.1, ", ",9,1.0,2.0,,,,monocyte"))
    assert read_named(file) == {"a.png": (9,)}


def test_a_table_without_classes_names_all_its_cells(tmp_path: Path) -> None:
    file = tmp_path / "named.csv"
    file.write_text("cell,image\n3,a.png\n4,b.png\n5,a.png\n", encoding="utf-8")
    assert read_named(file) == {"a.png": (3, 5), "b.png": (4,)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cell\n3\n", "lacks the column 'image'; it has cell"),
        ("", "lacks the column 'image'; it has none"),
        ("image,cell\na.png,three\n", "line 2: 'three' is not the number of a cell"),
        ("image,cell\na.png\n", "line 2: '' is not the number of a cell"),
    ],
)
def test_a_table_that_names_no_cells_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "named.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(AnnotationError, match=message):
        read_named(file)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"Cannot read .*none\.csv: No such file"):
        read_named(tmp_path / "none.csv")
