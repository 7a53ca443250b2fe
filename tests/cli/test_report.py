"""`hemalens report` writes one file, or says in a sentence what is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import MARROW_12
from napari_hemalens.workflows import write_results


def test_results_become_a_report_with_what_was_said(
    hemalens: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = Detections.empty(MARROW_12.classes, (9, 9), provenance=Provenance(image="a.tif"))
    write_results([nothing], DetectionRecipe(), tmp_path / "results")
    out = tmp_path / "report.html"
    fields = ("--field", "Patient=Erika M.", "--field", "Material=Blut")
    assert hemalens("report", tmp_path / "results", "--out", out, *fields, "--language", "de") == 0
    assert f"Written to {out}" in capsys.readouterr().out
    text = out.read_text(encoding="utf-8")
    assert "Erika M." in text
    assert "Differenzierung des Knochenmarks" in text


def test_a_folder_without_results_is_one_sentence(
    hemalens: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hemalens("report", tmp_path, "--out", tmp_path / "report.html") == 2
    assert "holds no results of HemaLens" in capsys.readouterr().err
