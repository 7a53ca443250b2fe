"""The agreement as sentences, tables, and a page."""

import csv

import numpy as np
import pytest

from napari_hemalens.config.agreement import AgreementRecipe
from napari_hemalens.evaluation.agreement import measure_agreement
from napari_hemalens.evaluation.agreement_report import FILES, agreement_page, agreement_text, write_agreement
from napari_hemalens.evaluation.readings import PairedCells


@pytest.fixture
def found():
    """Sixty cells of which one is called otherwise, and two that one observer alone found."""
    one = ["blast"] * 30 + ["lymphocyte"] * 30 + ["blast", "blast"]
    other = ["blast"] * 29 + ["lymphocyte"] * 31 + ["", ""]
    classes = np.stack([np.array(one), np.array(other)], axis=1)
    there = classes != ""
    there[-1, 1] = True
    paired = PairedCells(
        ("Ann", "<Ben>"), np.full(62, "a.tif"), np.arange(62).astype(str), there, classes, ("A note.",)
    )
    return measure_agreement(paired, AgreementRecipe(order=("blast", "lymphocyte"), draws=100))


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_text_says_figures_doubts_and_the_caveat(found):
    text = agreement_text(found)
    assert "Ann and <Ben> agree on 98.3 % of 60 cells that both named; kappa 0.97" in text
    assert "Found by one alone, and in no kappa: 1 cell by Ann, 0 by <Ben>." in text
    assert "Found by both, and not named by one of them: 1 cell." in text
    assert "Weighted kappa of the classes in order: 0.97" in text
    assert "A note." in text
    assert "Landis and Koch (1977)" in text


def test_it_is_said_how_many_of_the_cells_have_no_nucleus(found):
    assert "no nucleus" not in agreement_text(found)
    same = np.array(["blast"] * 15 + ["lymphocyte"] * 15 + ["erythrocyte"] * 1200)
    classes = np.stack([same, same], axis=1)
    where = np.full(len(same), "a.tif")
    paired = PairedCells(("Ann", "Ben"), where, np.arange(len(same)).astype(str), classes != "", classes)
    text = agreement_text(measure_agreement(paired, AgreementRecipe(draws=100)))
    assert "Of these cells, 1,200 have no nucleus to either of them; 30 are left." in text


def test_the_page_needs_nothing_else_and_shows_names_as_text(found):
    page = agreement_page(found)
    assert "&lt;Ben&gt;" in page
    assert "<Ben>" not in page
    assert "single cells are drawn, since fewer than 10 images were read" in page
    assert 'class="same"' in page
    assert "http" not in page


def test_tables_hold_figures_confusions_and_each_cell(found, tmp_path):
    assert [path.name for path in write_agreement(found, tmp_path)] == [*FILES]
    figures = {(row["class"], row["measure"]): row for row in rows(tmp_path / "agreement.csv")}
    assert float(figures["", "agreement"]["value"]) == pytest.approx(59 / 60, abs=1e-4)
    assert figures["blast", "kappa"]["both"] == "29"
    assert ("", "weighted kappa (linear)") in figures
    assert figures["", "found by Ann alone"]["value"] == "1"
    confusion = {(r["class_first"], r["class_second"]): r["cells"] for r in rows(tmp_path / "confusion.csv")}
    assert confusion == {("blast", "blast"): "29", ("blast", "lymphocyte"): "1", ("lymphocyte", "lymphocyte"): "30"}
    cells = rows(tmp_path / "cells.csv")
    assert [(row["Ann"], row["<Ben>"]) for row in cells[-2:]] == [("blast", ""), ("blast", "?")]


def test_three_observers_stand_together_in_text_and_table(found, tmp_path):
    one = found.paired.classes[:60, 0]
    classes = np.stack([one, one, found.paired.classes[:60, 1]], axis=1)
    images, cells = np.full(60, "a"), np.arange(60).astype(str)
    three = measure_agreement(PairedCells(("A", "B", "C"), images, cells, classes != "", classes))
    assert "All 3 observers: Fleiss' kappa 0.98" in agreement_text(three)
    write_agreement(three, tmp_path)
    assert rows(tmp_path / "agreement.csv")[-1]["measure"] == "Fleiss' kappa"
