"""A folder of results becomes one file that can be sent."""

import sys
from pathlib import Path
from types import ModuleType

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens import extras
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.errors import HemaLensError, RecipeError
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import MARROW_12
from napari_hemalens.reports.assay import summary
from napari_hemalens.reports.classes import write_cells, write_summary
from napari_hemalens.reports.detections import write_run
from napari_hemalens.workflows import report, write_results
from napari_hemalens.workflows.report import missing_for_pdf


@pytest.fixture
def results(tmp_path: Path) -> Path:
    image = tmp_path / "<script>.png"
    iio.imwrite(image, np.full((60, 80, 3), 220, np.uint8))
    found = Detections.from_arrays(
        [[0, 0, 20, 20], [20, 20, 44, 44], [40, 50, 60, 70]],
        [0.9, 0.8, 0.7],
        [MARROW_12.classes.index(name) for name in ("myelocyte", "erythroblast", "erythroblast")],
        names=MARROW_12.classes,
        image_shape=(60, 80),
        provenance=Provenance(str(image), 0.2, "given", "marrow-lite", "ab" * 32),
    )
    write_results([found], DetectionRecipe(), tmp_path / "results")
    return tmp_path / "results"


def test_a_report_shows_counts_fields_and_cells(results: Path, tmp_path: Path) -> None:
    recipe = ReportRecipe(title="Smear <1>", fields=(("Patient", "<b>Doe</b>"),))
    written = report(results, tmp_path / "out" / "report.html", recipe, observer="J. Doe")
    text = written.read_text(encoding="utf-8")
    for said in (
        "<h1>Smear &lt;1&gt;</h1>",
        "&lt;b&gt;Doe&lt;/b&gt;",
        "&lt;script&gt;.png",
        "Observer: J. Doe.",
        "66.7",
    ):
        assert said in text, said
    assert "<script" not in text
    assert text.count("data:image/jpeg;base64,") == 3
    assert text.count("For research use; not a diagnostic device.") == 1


def test_a_report_without_its_image_has_all_but_the_pictures(results: Path, tmp_path: Path) -> None:
    (tmp_path / "<script>.png").unlink()
    text = report(results, tmp_path / "r.html", language="de").read_text(encoding="utf-8")
    assert "Das Bild &lt;script&gt;.png kann nicht gezeigt werden" in text
    assert "66,7" in text
    assert "data:image" not in text.partition("</head>")[2]


def test_classified_cells_are_reported_too_but_have_no_reference(tmp_path: Path) -> None:
    cells = Classified(
        *(np.array([1]), np.array([[0.9, 0.1]], np.float32), np.array([0]), ("blast", "normal")),
        *(np.zeros((1, 2)), np.array([9]), (9, 9), Provenance(image="a.tif")),
    )
    write_cells([cells], tmp_path / "cells.csv")
    write_summary(summary([cells]), tmp_path / "summary.csv")
    write_run([cells], {"task": "all"}, tmp_path / "run.json")
    assert "100.0" in report(tmp_path, tmp_path / "r.html").read_text(encoding="utf-8")
    with pytest.raises(RecipeError, match="Reference ranges are for differentials"):
        report(tmp_path, tmp_path / "r.html", reference=tmp_path / "ranges.csv")


def test_a_report_is_html_or_pdf(results: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"called \.html, \.htm, \.pdf, not 'r\.docx'"):
        report(results, tmp_path / "r.docx")


def test_a_pdf_is_printed_by_weasyprint(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = []

    class HTML:
        def __init__(self, string: str) -> None:
            printed.append(string)

        def write_pdf(self, file: Path) -> None:
            file.write_bytes(b"%PDF-")

    fake = ModuleType("weasyprint")
    fake.HTML = HTML  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "weasyprint", fake)
    assert report(results, tmp_path / "r.pdf").read_bytes() == b"%PDF-"
    assert printed[0].startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(("there", "said"), [(True, ""), (False, "A report as PDF needs weasyprint: pip install")])
def test_what_a_pdf_lacks_is_known_before_it_is_made(there: bool, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: object() if there else None)
    assert missing_for_pdf()[: len(said) or None] == said


def test_a_missing_printer_is_asked_for_before_cells_are_cut(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    monkeypatch.setattr(sys.modules[report.__module__], "cut_gallery_steps", lambda *_: pytest.fail("cut first"))
    with pytest.raises(
        HemaLensError, match=r"A report as PDF needs weasyprint: pip install 'napari-hemalens\[report\]'"
    ):
        report(results, tmp_path / "r.pdf")
    assert not (tmp_path / "r.pdf").exists()
