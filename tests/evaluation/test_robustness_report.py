import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from napari_hemalens.evaluation.robustness_report import Line, RobustnessReport, class_lines

FIGURES = {"nucleated": 90.0, "AP50": 0.8, "F1": 0.7, "count": -0.05, "points": 2.5, "M:E": 3.0, "true M:E": 6.25}


def line(name: str, level: float, classes: float) -> Line:
    return {"perturbation": name, "level": level, "classes": classes, **FIGURES}


def rows(name: str, level: float) -> list[Line]:
    measures = {"granulocyte": {"cells": 60, "bias": -2.5, "MAE": 3.0, "F1": 0.9, "AP50": 0.95}}
    return class_lines(
        {"perturbation": name, "level": level}, measures, ("granulocyte", "megakaryocyte"), ("granulocyte",)
    )


@pytest.fixture
def report() -> RobustnessReport:
    lines = (line("light", -0.4, 0.3), line("light", 0.0, 0.1), line("light", 0.4, 0.2))
    return RobustnessReport(
        weights="mine",
        sha256="0",
        data="smears",
        split="val",
        fields=2,
        seed=0,
        shape=(1920, 2560),
        pixel_size_um=0.11,
        score_threshold=0.5,
        lines=lines,
        classes=tuple(row for of in lines for row in rows(str(of["perturbation"]), float(of["level"] or 0))),
    )


def test_a_report_is_a_table(report: RobustnessReport) -> None:
    assert "| light | -0.4 | 90 | 0.800 | 0.700 | -0.050 | 0.300 | 2.5 | 3.0 (6.2) |" in report.text()


def test_cells_that_are_not_compared_are_named_below_the_tables(report: RobustnessReport) -> None:
    assert "Not compared" not in report.text()
    said = replace(report, left_out={"WBC": 2}).text().splitlines()[-1]
    assert said == "Not compared are annotated cells of classes that stand in no row: 2 WBC."


def test_classes_are_shown_where_nothing_is_wrong_and_where_it_is_worst(report: RobustnessReport) -> None:
    shown = [row for row in report.text().splitlines() if "| granulocyte |" in row]
    assert shown == [
        "| light | -0.4 | granulocyte | 60 | -2.5 | 3.0 | 0.900 |",
        "| light | 0 | granulocyte | 60 | -2.5 | 3.0 | 0.900 |",
    ]


def test_a_class_that_the_weights_never_saw_has_a_note_and_no_figures(report: RobustnessReport) -> None:
    assert "| light | 0 | megakaryocyte | not recognised by these weights |" in report.text()
    (unseen,) = (row for row in rows("light", 0) if row["class"] == "megakaryocyte")
    assert unseen["cells"] is unseen["bias"] is None


def test_a_class_that_does_not_occur_has_no_f1(tmp_path: Path) -> None:
    (row,) = class_lines({}, {"monocyte": {"cells": 0, "F1": math.nan}}, ("monocyte",), ("monocyte",))
    assert row["F1"] is None
    assert row["cells"] == 0


def test_files_hold_every_line(report: RobustnessReport, tmp_path: Path) -> None:
    report.write(tmp_path)
    with (tmp_path / "classes.csv").open(encoding="utf-8", newline="") as lines:
        found = list(csv.DictReader(lines))
    assert len(found) == 6
    assert [row["bias"] for row in found if row["class"] == "megakaryocyte"] == [""] * 3
    assert len(json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["lines"]) == 3
    assert (tmp_path / "curves.png").exists()
