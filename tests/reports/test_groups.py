"""Groups of patients compared: what is added up, tested, adjusted and refused."""

import re

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.differential import wilson_interval
from napari_hemalens.reports.groups import CellCount, GroupComparison, compare_groups
from napari_hemalens.reports.language import Language

CLASSES = ("blast", "lymphocyte", "monocyte")
GERMAN = Language.of("de")


def slide(patient: str, group: str, blasts: int, lymphocytes: int, total: int = 100) -> CellCount:
    counts = {"blast": blasts, "lymphocyte": lymphocytes}
    return CellCount(f"{patient}.tif", counts, total, patient=patient, group=group)


@pytest.fixture(scope="module")
def found() -> GroupComparison:
    """Three controls and four cases, one of whom has two slides."""
    return compare_groups(
        [
            *(slide(f"C{i}", "control", blasts, 30 + i) for i, blasts in enumerate((1, 2, 3))),
            *(slide(f"P{i}", "case", blasts, 27 + i) for i, blasts in enumerate((40, 50, 60))),
            *(slide("P3", "case", 10, 25), slide("P3", "case", 34, 26, total=300)),
        ],
        CLASSES,
    )


def test_slides_add_up_to_patients_and_groups_with_wilson_intervals(found: GroupComparison) -> None:
    patient = next(each for each in found.patients if each.name == "P3")
    assert (patient.slides, patient.total, patient.counts) == (2, 400, {"blast": 44, "lymphocyte": 51})
    case = found.counts("group")[1]
    assert (case.name, case.slides, case.patients, case.total) == ("case", 5, 4, 700)
    share = case.share("blast")
    assert (share.count, share.total, share.value) == (194, 700, pytest.approx(100 * 194 / 700))
    assert (share.low, share.high) == tuple(pytest.approx(100 * edge) for edge in wilson_interval(194, 700))
    assert found.compared == ("control", "case")
    assert len(found.slides) == 8


def test_each_class_that_was_found_is_compared_by_patients_and_by_cells(found: GroupComparison) -> None:
    assert [test.class_name for test in found.tests] == ["blast", "lymphocyte"]  # no monocyte was found
    blast = found.tests[0]
    assert blast.cells == ((6, 300), (194, 700))
    assert (blast.u, blast.rank_p) == (12, pytest.approx(2 / 35))  # every case above every control
    assert blast.rank_adjusted == pytest.approx(min(2 * blast.rank_p, found.tests[1].rank_p))
    assert any("2 classes" in note and "Benjamini and Hochberg" in note for note in found.notes)


def test_how_small_p_can_get_is_said_where_patients_are_few(found: GroupComparison) -> None:
    assert any("With 3 and 4 patients" in note and "0.06" in note for note in found.notes)


def test_of_two_classes_one_is_compared() -> None:
    slides = [slide(f"{g}{i}", g, 10 + i, 90 - i) for g in "ab" for i in range(3)]
    found = compare_groups(slides, CLASSES[:2])
    assert [test.class_name for test in found.tests] == ["blast"]
    assert any("the other is what is left" in note for note in found.notes)


CASES = [slide(f"P{i}", "case", 5, 5) for i in range(3)]


@pytest.mark.parametrize(
    ("slides", "compared", "said"),
    [
        (CASES, None, "the only group is 'case'"),
        ([slide("P", "", 1, 1)], None, "no slide has a group"),
        ([*CASES, slide("C1", "control", 1, 1), slide("C2", "control", 1, 1, 0)], None, "'control' has 1 patient with"),
        ([*CASES, slide("", "control", 1, 1)], None, "'control' has 0 patients with"),
        ([*CASES, *(slide(f"P{i}", "after", 1, 1) for i in range(3))], None, "patient 'P0' is in both"),
        ([slide(g, g, 1, 1) for g in "abc"], None, r"there are 3 \(a, b, c\); name two"),
        (CASES, ("case", "case"), "the only group|compared with itself"),
    ],
)
def test_what_cannot_be_compared_is_counted_and_refused_in_a_sentence(
    slides: list[CellCount], compared: tuple[str, str] | None, said: str
) -> None:
    found = compare_groups(slides, CLASSES, compared)
    assert found.tests == ()
    assert len(found.slides) == len(slides)
    assert re.search(said, found.refusal)
    german = GERMAN.sentence(found.refusal)
    assert german.startswith("Gruppen werden nicht verglichen: ")
    assert not re.search(r"\b(the|no|has|with|is|there|two)\b", german)


def test_all_that_is_said_of_groups_can_be_said_in_another_language(found: GroupComparison) -> None:
    two = compare_groups([slide(f"{g}{i}", g, 10 + i, 90 - i) for g in "ab" for i in range(3)], CLASSES[:2])
    nobody = compare_groups([slide("", "a", 1, 1), slide("", "", 1, 1), slide("1.5", "", 0, 0, 0)], CLASSES)
    notes = [*found.notes, *two.notes, *nobody.notes]
    assert not [note for note in notes if GERMAN.sentence(note) == note]
    assert GERMAN.sentence(found.notes[-1]).endswith("nie unter 0,06.")
    assert GERMAN.sentence(two.notes[-1]).startswith("Von zwei Klassen wird „Blast“ verglichen")
    assert GERMAN.sentence(nobody.notes[-1]) == "1 Patient ohne gezählte Zelle, nicht verglichen: '1.5'."


def test_slides_of_nobody_and_patients_without_cells_are_named() -> None:
    found = compare_groups([slide("", "a", 1, 1), slide("P1", "", 0, 0, 0)], CLASSES)
    assert found.notes == (
        "1 slide without a patient: left out of patients and of the comparison.",
        "1 slide without a group: left out of groups and of the comparison.",
        "1 patient without a counted cell, not compared: 'P1'.",
    )


def test_a_group_without_a_counted_slide_is_refused_and_the_rest_counted() -> None:
    found = compare_groups(CASES, CLASSES, groups=("control", "case"))
    assert found.refusal.startswith("Groups are not compared: 'control' has 0 patients with cells")
    assert (found.compared, [group.name for group in found.groups]) == (("control", "case"), ["case"])


def test_a_group_that_is_none_is_refused() -> None:
    with pytest.raises(AnnotationError, match=r"no group 'x' among the slides\. Known: case"):
        compare_groups(CASES, CLASSES, ("case", "x"))
    with pytest.raises(AnnotationError, match="no counted slides"):
        compare_groups([], CLASSES)
