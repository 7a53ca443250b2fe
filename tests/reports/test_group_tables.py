"""Groups as tables and as text."""

import csv
import math
from pathlib import Path

import pytest

from napari_hemalens.reports.group_tables import TEST_COLUMNS, comparison_text, p_text, ratio_text, write_comparison
from napari_hemalens.reports.groups import CellCount, GroupComparison, compare_groups


@pytest.fixture
def found() -> GroupComparison:
    """Three patients in each of two groups; cases have blasts, and one has no cells in a second slide."""
    slides = [
        CellCount(f"{name}.tif", {"blast": blasts}, 200, patient=name, group=group, unsure=1)
        for name, group, blasts in (("a", "c", 0), ("b", "c", 0), ("d", "c", 1), ("e", "x", 9), ("f", "x", 8))
    ]
    last = CellCount("g.tif", {"blast": 20}, 200, patient="g", group="x", stain="MGG")
    return compare_groups(
        [*slides, last, CellCount("h.tif", {}, 0, patient="g", group="x")], ("blast", "monocyte", "n")
    )


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_tables_hold_a_row_for_each_class_of_each_slide_patient_and_group(
    found: GroupComparison, tmp_path: Path
) -> None:
    files = write_comparison(found, tmp_path)
    assert [file.name for file in files] == ["slides.csv", "patients.csv", "groups.csv", "tests.csv"]
    slides, patients, groups = (rows(file) for file in files[:3])
    assert (len(slides), len(patients), len(groups)) == (21, 18, 6)
    about = [slides[15][name] for name in ("slide", "patient", "sample", "stain", "group", "class")]
    assert about == ["g.tif", "g", "", "MGG", "x", "blast"]
    assert [slides[15][name] for name in ("count", "total", "percent", "unsure")] == ["20", "200", "10.0", "0"]
    assert slides[18]["percent"] == ""  # no cell, no share
    assert (patients[15]["patient"], patients[15]["slides"], patients[15]["total"]) == ("g", "2", "200")
    assert (groups[3]["group"], groups[3]["patients"], groups[3]["count"], groups[3]["unsure"]) == ("x", "3", "37", "2")


def test_the_table_of_tests_says_which_group_is_which(found: GroupComparison, tmp_path: Path) -> None:
    (test,) = rows(write_comparison(found, tmp_path)[-1])
    assert tuple(test) == TEST_COLUMNS
    assert (test["first_group"], test["first_cells"], test["second_group"], test["second_cells"]) == (
        "c",
        "1",
        "x",
        "37",
    )
    assert float(test["fisher_p"]) == found.tests[0].fisher_p
    assert (float(test["mann_whitney_p"]), test["mann_whitney_exact"]) == (found.tests[0].rank_p, "yes")
    assert float(test["second_median_percent"]) == 4.5


def test_tests_of_groups_that_are_compared_no_more_are_deleted(found: GroupComparison, tmp_path: Path) -> None:
    write_comparison(found, tmp_path)
    write_comparison(compare_groups(found.slides[:3], found.classes), tmp_path)
    assert not (tmp_path / "tests.csv").exists()


def test_the_text_holds_intervals_both_tests_and_what_they_mean(found: GroupComparison) -> None:
    text = comparison_text(found)
    assert "x: 3 patients, 4 slides, 600 cells" in text
    assert "blast  6.2 (4.5-8.4; 37 of 600)" in text
    assert "x compared with c" in text
    assert "Mann-Whitney, patients: 0.1000, 0.1000" in text
    assert "limits the rate of false discoveries" in text
    refused = comparison_text(compare_groups(found.slides[:3], found.classes))
    assert "Groups are not compared: the only group is 'c'" in refused


def test_figures_are_written_for_people() -> None:
    assert [p_text(0.00002), p_text(0.0312)] == ["< 0.0001", "0.0312"]
    assert [ratio_text(each) for each in (math.nan, math.inf, 2.345)] == ["not defined", "infinite", "2.35"]
