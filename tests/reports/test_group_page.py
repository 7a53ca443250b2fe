"""The page of a comparison holds all that is in its tables, as text."""

import re
from html.parser import HTMLParser

import pytest

from napari_hemalens.reports.group_page import (
    comparison_page,
    comparison_table,
    comparison_tables,
    share_tables,
    source_lines,
)
from napari_hemalens.reports.groups import CellCount, GroupComparison, compare_groups
from napari_hemalens.reports.language import ENGLISH, Language

GERMAN = Language.of("de")


@pytest.fixture
def found() -> GroupComparison:
    """Three patients in each of two groups, one with an odd name."""
    slides = [
        CellCount(f"{name}.tif", {"blast": blasts, "lymphocyte": 30}, 100, patient=name, group=group)
        for name, group, blasts in (("a", "c", 1), ("b", "c", 2), ("<i>", "c", 3), ("e", "x", 9), ("f", "x", 8))
    ]
    last = CellCount("g.tif", {"blast": 12, "lymphocyte": 31}, 100, patient="g", group="x")
    return compare_groups([*slides, last], ("blast", "lymphocyte", "monocyte"))


def test_tables_show_classes_that_were_found(found: GroupComparison) -> None:
    groups, patients, slides = share_tables(found, ENGLISH)
    assert groups.header == ("Group", "Patients", "Slides", "Cells", "blast", "lymphocyte")
    assert groups.rows[1] == ("x", "3", "3", "300", "9.7 (6.8-13.5)", "30.3 (25.4-35.8)")
    assert (len(patients.rows), len(slides.rows)) == (6, 6)
    assert {len(row) for table in (groups, patients, slides) for row in table.rows} == {6}


def test_both_tests_stand_beside_each_other(found: GroupComparison) -> None:
    table = comparison_table(found, ENGLISH)
    assert table.title == "x compared with c"
    assert len(table.header) == len(table.rows[0]) == 10
    assert table.rows[0][:4] == ("blast", "6 of 300", "29 of 300", "5.24")
    assert table.rows[0][6:9] == ("2.0 %", "9.0 %", "0.1000")


def test_the_page_is_whole_and_what_people_wrote_is_text(found: GroupComparison) -> None:
    text = comparison_page(found, "<b>", [("Run", "detect-1")], ENGLISH)
    assert "Groups of &lt;b&gt;" in text
    assert "<i>" not in text
    for note in found.notes:
        assert note.replace("'", "&#39;") in text
    assert len(re.findall("<circle", text)) == 12  # a patient a dot, for each of two classes
    assert 'cx="60.00%"' in text  # 12 % of 20
    opened: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag != "meta":
                opened.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Tags().feed(text)
    assert opened == []


def test_a_refusal_stands_where_tests_would(found: GroupComparison) -> None:
    text = comparison_page(compare_groups(found.slides[:3], found.classes), "t", [], ENGLISH)
    assert "Groups are not compared" in text
    assert "<circle" not in text


def test_classes_are_named_in_words() -> None:
    shown = compare_groups([CellCount("a.tif", {"band_neutrophil": 3}, 10)], ("band_neutrophil",))
    assert [table.header[-1] for table in share_tables(shown, ENGLISH)] == ["band neutrophil"] * 3


def test_tables_are_in_the_language_with_its_numbers(found: GroupComparison) -> None:
    tests, groups, *_ = comparison_tables(found, GERMAN)
    assert tests.title == "x verglichen mit c"
    assert tests.header[:3] == ("Klasse", "c, Zellen", "x, Zellen")
    assert tests.rows[0][:4] == ("Blast", "6 von 300", "29 von 300", "5,24")
    assert tests.rows[0][6:9] == ("2,0 %", "9,0 %", "0,1000")
    assert groups.header == ("Gruppe", "Patienten", "Präparate", "Zellen", "Blast", "Lymphozyt")
    assert groups.rows[1][4] == "9,7 (6,8-13,5)"


def test_a_page_in_german_has_no_english_sentence_left(found: GroupComparison) -> None:
    text = comparison_page(found, "p", source_lines("/p", "detect-1", {"task": "leukocyte"}, GERMAN), GERMAN)
    assert '<html lang="de">' in text
    assert "<title>Gruppen von p</title>" in text
    assert "die der Aufgabe leukocyte" in text
    for note in found.notes:
        assert GERMAN.sentence(note) != note
        assert GERMAN.sentence(note).replace("'", "&#39;") in text
    assert "<title>a: 1,0 %</title>" in text


def test_what_was_compared_is_said_of_a_run_and_of_cells_as_they_were_left() -> None:
    assert source_lines("/p", "detect-1", {"weights": "w"}, ENGLISH) == (
        ("Project", "/p"),
        ("Run", "detect-1"),
        ("Weights", "w"),
    )
    assert source_lines("/p", None, {}, GERMAN)[1] == (
        "Zellen",
        "von Detect, wie ein Mensch sie im Projekt hinterlassen hat",
    )
