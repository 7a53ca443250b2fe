"""`hemalens prepare`."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens.records.tasks import task


def test_fields_become_a_set_of_fields_and_one_of_their_cells(
    hemalens: Callable[..., int], all_fields: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hemalens("prepare", "field", "--data", all_fields, "--out", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert f"Written to {tmp_path / 'out'}" in said
    with (tmp_path / "out" / "fields" / "val.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 2 * len(task("field").classes)  # a fifth of ten files a class
    assert (tmp_path / "out" / "cells" / "train.csv").exists()


def test_images_that_are_missing_are_named(
    hemalens: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hemalens("prepare", "field", "--data", tmp_path, "--out", tmp_path / "out") == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
