import csv
import json
from pathlib import Path

import pytest

from napari_hemalens.evaluation.point_measures import Match, figures
from napari_hemalens.evaluation.points import PointReport, select_nuclei
from napari_hemalens.records.detections import Detections


@pytest.fixture
def report() -> PointReport:
    """Figures of two images."""
    seen = {"a": Match(10, 8, 6, 3), "b": Match(5, 7, 5, 1)}
    return PointReport(
        weights="mine",
        sha256="0" * 64,
        data="biopsies",
        part="val",
        classes=("nucleus",),
        pixel_size_um=0.25,
        diameter=26.0,
        radius=13.0,
        score_threshold=0.625,
        chosen="best F1 on train, 5 images",
        overall=figures(list(seen.values())),
        images={name: figures([match]) for name, match in seen.items()},
        radii=tuple({"radius": radius, "precision": 0.5, "recall": 0.5, "F1": 0.5} for radius in (6.5, 13.0)),
        scores=((0.05, 0.6), (0.95, 0.5)),
    )


def test_a_nucleus_is_counted_once_whatever_classes_compete_for_it() -> None:
    boxes = [[10, 10, 30, 30], [11, 10, 30, 31], [50, 50, 70, 70]]
    names = ("lymphocyte", "nucleus", "erythrocyte")
    (seen,) = select_nuclei(
        [Detections.from_arrays(boxes, [0.5, 0.3, 0.9], [0, 1, 2], names=names, image_shape=(90, 90))]
    )
    assert seen.class_names.tolist() == ["lymphocyte"]
    assert seen.scores.tolist() == pytest.approx([0.8])  # that it is a nucleus is as sure as both together


def test_the_report_says_what_was_measured_and_how(report: PointReport) -> None:
    text = report.text()
    assert "mine on biopsies (val, 2 images), nuclei at score >= 0.625 (best F1 on train, 5 images)" in text
    assert "| a | 10 | 8 | 3 | 0.750 | 0.600 | 0.667 | -2 | 0.200 |" in text
    assert "| all | 15 | 15 | 4 | 0.733 | 0.733 | 0.733 | 2.0 | 0.300 |" in text
    assert "bias +0.0, MAE 2.0" in text
    assert "| 6.5 | 0.25 | 0.500 | 0.500 | 0.500 |" in text


def test_what_is_written_is_what_the_report_holds(report: PointReport, tmp_path: Path) -> None:
    report.write(tmp_path)
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert written["overall"] == report.overall
    assert written["chosen"] == "best F1 on train, 5 images"
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == report.text() + "\n"
    with (tmp_path / "images.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["image"], row["nuclei"], row["bias"]) for row in csv.DictReader(file)] == [
            *(("a", "10", "-2.0"), ("b", "5", "2.0"))
        ]
    with (tmp_path / "radii.csv").open(encoding="utf-8", newline="") as file:
        assert [row["radius"] for row in csv.DictReader(file)] == ["6.5", "13.0"]
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
