from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.slow
def test_two_rows_are_compared_from_a_shell(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], micronuclei: Path, tmp_path: Path
) -> None:
    options = ("--preset", "ci", "--protocol", "tvad", "--rows", "mobilenet_v2,alexnet_light", "--seeds", "0,1")
    arguments = ("--data", micronuclei, "--out", tmp_path / "out", *options)
    assert hemalens("experiment", "micronucleus-table6", *arguments) == 0
    said = capsys.readouterr().out
    assert "Copies are no independent evidence" in said
    assert "Deviations are over seeds" in said
    table = (tmp_path / "out" / "table.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[:2] for line in table[1:]] == [["MobileNet", "2"], ["Alex-light", "2"]]
    assert "±" in table[1]


@pytest.mark.slow
def test_folds_of_lymphoblasts_are_compared_from_a_shell(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], c_nmc: Path, tmp_path: Path
) -> None:
    options = ("--preset", "ci", "--scheme", "leave-one-out", "--rows", "eca_vgg16_half")
    arguments = ("--data", c_nmc, "--out", tmp_path / "out", *options)
    assert hemalens("experiment", "all-folds", *arguments) == 0
    assert "Deviations are over the 7 folds tested on" in capsys.readouterr().out
    (line,) = (tmp_path / "out" / "table.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert line.startswith('"ECA-VGG16, half as wide, pooled",7,')


@pytest.mark.slow
def test_fields_are_compared_with_their_cells_from_a_shell(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], field_sets: Path, tmp_path: Path
) -> None:
    options = ("--preset", "ci", "--rows", "alexnet_light", "--stain", "reference")
    assert hemalens("experiment", "fields", "--data", field_sets, "--out", tmp_path / "out", *options) == 0
    said = capsys.readouterr().out
    assert "fields by their cells, stain normalised" in said
    assert "Mean balanced accuracy of 1 run:" in said
    assert (tmp_path / "out" / "table.md").exists()


def test_a_folder_without_cells_is_refused(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ("--data", tmp_path, "--out", tmp_path / "out")
    assert hemalens("experiment", "all-folds", *arguments) == 2
    assert "Nor does" in capsys.readouterr().err


def test_seeds_that_are_no_numbers_are_refused(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], micronuclei: Path, tmp_path: Path
) -> None:
    arguments = ("--data", micronuclei, "--out", tmp_path, "--seeds", "one")
    assert hemalens("experiment", "micronucleus-table6", *arguments) == 2
    assert "got 'one'" in capsys.readouterr().err


def test_ways_to_choose_what_to_label_are_compared_from_a_shell(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], cells_by_box: Path, tmp_path: Path
) -> None:
    arguments = ("--data", cells_by_box, "--out", tmp_path, "--preset", "ci", "--pool", "marrow")
    assert hemalens("experiment", "active-learning", *arguments) == 2
    assert "The table has no cells of Munich" in " ".join(capsys.readouterr().err.split())
