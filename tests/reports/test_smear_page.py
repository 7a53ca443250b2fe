"""The report on a smear shows its counts, intervals, indices and reference ranges."""

import json
from pathlib import Path

import pytest

from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.records.differential import Tissue, differential
from napari_hemalens.records.taxonomy import MARROW_12
from napari_hemalens.reports.language import Language
from napari_hemalens.reports.page import CountRow, Page
from napari_hemalens.reports.reference import ReferenceRange
from napari_hemalens.reports.smear_page import bar_scale, smear_page
from napari_hemalens.reports.stored_results import StoredSmear

COUNTS = {"myelocyte": 30, "segmented_neutrophil": 50, "erythroblast": 20, "erythrocyte": 1234, "plasma_cell": 2}


def page(folder: Path, counts: dict[str, int], tissue: Tissue = "marrow", code: str = "en", **usual: object) -> Page:
    (folder / "run.json").write_text(json.dumps({"images": []}))
    counted = differential(counts, MARROW_12.classes, tissue=tissue)
    return smear_page(StoredSmear(folder, {}, (), {}, counted), ReportRecipe(), Language.of(code), usual)  # type: ignore[arg-type]


def row(of: Page, title: str) -> CountRow:
    assert of.counts is not None
    return next(each for each in (*of.counts.rows, *of.counts.foot) if each.title == title)


def test_counts_shares_and_intervals_are_those_of_the_differential(tmp_path: Path) -> None:
    made = page(tmp_path, COUNTS)
    shown = row(made, "segmented neutrophil")
    assert (shown.count, shown.share, shown.interval) == ("50", "49.0", "39.5–58.6")  # noqa: RUF001
    assert shown.bar == pytest.approx((81.7, 65.9, 97.6), abs=0.1)  # of 60 %
    assert row(made, "erythrocyte").count == "1,234"
    assert row(made, "Nucleated cells").count == "102"
    assert made.title == "Differential count of bone marrow"


def test_what_is_not_recognised_is_said_and_is_no_row(tmp_path: Path) -> None:
    made = page(tmp_path, COUNTS)
    assert made.counts is not None
    assert "plasma cell" not in [each.title for each in made.counts.rows]
    assert (
        "Not recognised by these weights, which is not the same as 0: blast, plasma cell (2 given by hand), "
        "megakaryocyte, other cell."
    ) in made.remarks
    assert "Blasts may therefore appear as lymphocytes." in made.remarks
    assert "ICSH asks for 500 nucleated cells; 102 were counted." in made.remarks


def test_indices_are_of_marrow_alone(tmp_path: Path) -> None:
    ratio, granulocytes, erythroblasts = page(tmp_path, COUNTS).indices
    assert ratio[1].startswith("4.00 (")
    assert ratio[2].startswith("80 : 20; ")
    assert granulocytes[1].startswith("0.60 (")
    assert "blasts, which may be of any lineage, are left out" in granulocytes[2]
    assert erythroblasts[1:] == ("not available", "these weights do not tell stages of erythroblasts")
    assert page(tmp_path, COUNTS, "blood").indices == ()


def test_shares_outside_the_reference_are_marked_in_words(tmp_path: Path) -> None:
    usual = {
        "segmented_neutrophil": ReferenceRange(50, 70, "A book."),
        "myelocyte": ReferenceRange(0, 0.5),
        "erythroblast": ReferenceRange(10, 30),
    }
    made = page(tmp_path, COUNTS, code="de", **usual)
    places = [
        (row(made, title).reference, row(made, title).place) for title in ("segmentkerniger Granulozyt", "Myelozyt")
    ]
    assert places == [("50–70", "▼ darunter"), ("0–0,5", "▲ darüber")]  # noqa: RUF001
    assert row(made, "Erythroblast").place == ""
    assert "Referenzbereiche: A book." in made.remarks
    (doubtful,) = [said for said in made.remarks if "als es der Zufall kann" in said]
    assert doubtful.endswith("wie das Intervall zeigt: segmentkerniger Granulozyt.")  # 49 %, and 59 % at most


def test_nothing_found_is_a_page_with_zeros(tmp_path: Path) -> None:
    made = page(tmp_path, {})
    assert (row(made, "myelocyte").count, row(made, "myelocyte").share, row(made, "myelocyte").bar) == ("0", "", None)
    assert [index[1] for index in made.indices] == ["not available"] * 3


def test_bars_are_scaled_to_a_multiple_of_ten() -> None:
    assert [bar_scale(highest) for highest in (0, 10, 10.1, 97)] == [10, 10, 20, 100]
