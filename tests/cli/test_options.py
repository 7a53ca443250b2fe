import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from napari_hemalens.cli.app import evaluate_app
from napari_hemalens.cli.commands import app
from napari_hemalens.cli.options import writable
from napari_hemalens.errors import RecipeError

SAYING = re.compile("repeat|as for --labels")


def test_every_folder_for_results_is_looked_at_before_anything_is_done(tmp_path: Path) -> None:
    commands = [each for each in walk(get_command(app)) if "out" in {option.name for option in each.params}]
    folders = {each: next(option for option in each.params if option.name == "out") for each in commands}
    unchecked = {each.name for each, option in folders.items() if option.callback is None}
    assert unchecked == {"report", "catalogue"}  # whose results are files
    (tmp_path / "file").touch()
    assert writable(None) is None
    with pytest.raises(RecipeError, match="it is a file; choose a folder"):
        writable(tmp_path / "file")


@pytest.mark.parametrize("there", ["report.json", "cells.csv"])
def test_no_measure_takes_the_place_of_an_earlier_report(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path, there: str
) -> None:
    (tmp_path / there).touch()
    commands = [("evaluate", name, "--data", tmp_path) for name in get_command(evaluate_app).commands]
    assert len(commands) == 9
    for command in (*commands, ("agreement", tmp_path / "a.csv", tmp_path / "b.csv")):
        assert hemalens(*command, "--out", tmp_path) == 2
        assert f"{there} is there already, and would be replaced; choose another" in capsys.readouterr().err


def test_an_option_that_may_be_given_more_than_once_says_so() -> None:
    many = [
        (each.name, option)
        for each in walk(get_command(app))
        for option in each.params
        if getattr(option, "multiple", False)
    ]
    assert many
    assert [(name, option.name) for name, option in many if not SAYING.search(option.help or "")] == []


def walk(command: Any) -> Iterator[Any]:
    """Yield a command, or all in a group."""
    inner = getattr(command, "commands", None)
    yield from [command] if inner is None else (each for part in inner.values() for each in walk(part))


def test_a_number_of_views_that_a_square_does_not_have_is_refused(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for command in ("detect", "classify"):
        assert hemalens(command, tmp_path / "a.tif", "--views", "3", "--out", tmp_path / "out") == 2
        assert "Option 'views' got 3: Input should be 1, 2, 4 or 8" in capsys.readouterr().err
