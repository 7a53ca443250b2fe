"""Counts of micronuclei are compared with those of people."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation.micronuclei import measure_counts
from napari_hemalens.progress import finish


def report(true, seen):
    return measure_counts(np.array(true), np.array(seen), data="set", part="val", images=1)


def test_a_count_is_off_by_so_many_and_a_given_class_makes_it_at_least_one():
    found = report([0, 1, 1, 2, 5], [3, 0, 2, 2, 4])
    assert (found.nuclei, found.micronucleated) == (5, 4)
    assert (found.exact, found.error) == (0.5, 0.5)
    assert (found.exact_of_ones, found.error_of_ones) == (0.5, 1.25)
    assert found.confusion == ((1, 0, 0, 0), (0, 1, 1, 0), (0, 0, 1, 0), (0, 0, 0, 1))


def test_bodies_are_a_sign_by_themselves():
    found = report([0, 0, 1, 1], [1, 0, 1, 0])
    assert (found.sensitivity, found.precision) == (0.5, 0.5)


def test_nothing_to_measure_is_not_a_number():
    assert np.isnan(report([0, 0], [0, 0]).exact)


@pytest.fixture
def counted(micronuclei: Path, tmp_path: Path) -> Path:
    """The set of the tests, its tables with counts."""
    shutil.copytree(micronuclei, tmp_path / "set")
    table = tmp_path / "set" / "val.csv"
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*rows[0], "micronuclei"])
        writer.writeheader()
        writer.writerows(row | {"micronuclei": row["has_micronucleus"]} for row in rows)
    return tmp_path / "set"


def test_figures_of_a_part_are_measured_and_written(counted: Path, tmp_path: Path) -> None:
    found = finish(workflows.evaluate_micronuclei_steps(counted, out=tmp_path / "out"))
    assert (found.images, found.nuclei, found.micronucleated) == (2, 32, 16)
    assert found.exact == 1
    assert found.sensitivity > 0.8
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["exact"] == 1
    assert "| counted | 1.000 | 0.000 |" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


def test_a_table_without_counts_is_refused_in_one_sentence(micronuclei: Path) -> None:
    with pytest.raises(AnnotationError, match="not a table of micronuclei: it lacks the column 'micronuclei'"):
        finish(workflows.evaluate_micronuclei_steps(micronuclei))
