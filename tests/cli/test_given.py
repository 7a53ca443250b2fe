"""An empty argument is refused before anything is read or written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens.cli.given import check_given
from napari_hemalens.errors import RecipeError


@pytest.mark.parametrize(
    ("arguments", "before"),
    [
        (["detect", "", "--out", "o"], "detect"),
        (["detect", "a.png", "--out", ""], "--out"),
        (["detect", "a.png", "--out="], "--out"),
        (["classify", "a.png", "--labels", "", "--out", "o"], "--labels"),
        (["render", "--out", "o", ""], "o"),
    ],
)
def test_what_stands_before_an_empty_argument_is_named(arguments: list[str], before: str) -> None:
    with pytest.raises(RecipeError, match=rf"^What follows '{before}' is empty.* this folder is written as '\.'\.$"):
        check_given(["hemalens", *arguments])


@pytest.mark.parametrize("arguments", [["--title", ""], ["--title="], ["--field", "Patient="], ["--set", "a="], ["."]])
def test_texts_may_be_empty(arguments: list[str]) -> None:
    check_given(["hemalens", "report", "results", *arguments])


def test_an_empty_folder_of_results_is_not_the_current_one(
    hemalens: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hemalens("render", "--out", "") == 2
    assert "What follows '--out' is empty" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
