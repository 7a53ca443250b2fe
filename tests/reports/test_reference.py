"""Reference ranges come from a table that a laboratory keeps, and what is wrong with it is one sentence."""

from pathlib import Path

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.reports.reference import ReferenceRange, read_reference

EXAMPLE = Path(__file__).parents[2] / "examples" / "reference_adult_blood.csv"


def written(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "reference.csv"
    file.write_text("\n".join(("class,low,high,source", *lines)) + "\n", encoding="utf-8")
    return file


def test_ranges_are_read_by_class_under_any_usual_name(tmp_path: Path) -> None:
    file = written(tmp_path, "Bands,0,5,A book", 'lymphocyte,"20,5",40,')
    assert read_reference(file) == {
        "band_neutrophil": ReferenceRange(0, 5, "A book"),
        "lymphocyte": ReferenceRange(20.5, 40),
    }


def test_ranges_that_a_german_spreadsheet_saved_are_read(tmp_path: Path) -> None:
    file = tmp_path / "reference.csv"
    file.write_bytes("Class;Low;High;Source\r\nblast;0;1,5;Göttingen\r\n;;;\r\n".encode("cp1252"))
    assert read_reference(file) == {"blast": ReferenceRange(0, 1.5, "Göttingen")}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("leucoblob,0,5,", "line 2: 'leucoblob' is no class of a differential. Known: blast, promyelocyte"),
        ("erythrocyte,0,5,", "'erythrocyte' is no class of a differential"),
        ("blast,five,6,", "'five' to '6' is no range of a share"),
        ("blast,5,2,", "'5' to '2' is no range"),
        ("blast,-1,2,", "'-1' to '2' is no range"),
        ("blast,0,101,", "'0' to '101' is no range"),
        ("blast,,,", "'' to '' is no range"),
        ("blast,0,1,\nblast,0,2,", "line 3: blast has a range already"),
    ],
)
def test_a_line_that_is_no_range_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    with pytest.raises(AnnotationError) as refused:
        read_reference(written(tmp_path, line))
    assert sentence in str(refused.value)


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("image,class\n")
    with pytest.raises(AnnotationError, match="lacks the column 'low'"):
        read_reference(file)
    with pytest.raises(AnnotationError, match="Cannot read"):
        read_reference(tmp_path / "gone.csv")


def test_a_share_is_placed_as_it_is_shown() -> None:
    usual = ReferenceRange(1, 5)
    assert [usual.place(share) for share in (0.94, 0.96, 3, 5.04, 5.06)] == [
        *("below", "inside", "inside", "inside", "above"),
    ]


def test_the_example_says_where_it_is_from_and_that_it_is_no_standard() -> None:
    ranges = read_reference(EXAMPLE)
    assert ranges["segmented_neutrophil"].low == 45
    assert "Use those of your own laboratory" in ranges["segmented_neutrophil"].source
