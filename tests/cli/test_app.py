"""What all commands share: errors in one sentence, the version, notes for the model card, a bar that closes."""

import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from napari_hemalens import __version__
from napari_hemalens.cli import _say
from napari_hemalens.cli.app import Bar, cluster_of, new_weights, run, say_figures
from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import Progress, RemainingTime, Steps


def test_the_version_is_that_of_the_package(hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert hemalens("--version") == 0
    assert capsys.readouterr().out.strip() == __version__


def test_an_error_that_a_user_can_mend_is_one_sentence_and_exit_code_2(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert hemalens("weights", "info", "no-such-weights") == 2
    said = capsys.readouterr().err
    assert said.startswith("hemalens: ")
    assert "no-such-weights" in said
    assert "Traceback" not in said


def test_an_error_of_the_system_is_a_sentence_with_the_file(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    assert hemalens("weights", "catalogue", "marrow-lite", "--out", str(tmp_path / "file" / "a.json")) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"hemalens: {tmp_path / 'file'}: ")
    assert "Errno" not in said


def test_an_error_of_the_system_that_names_no_file_has_no_number_either(capsys: pytest.CaptureFixture[str]) -> None:
    _say(OSError(28, "No space left on device"))
    assert capsys.readouterr().err == "hemalens: No space left on device.\n"


def test_notes_for_the_model_card_are_split_at_the_first_equals_sign() -> None:
    new = new_weights(Path("out"), "mine", ["licence=CC0-1.0", "data=a=b"])
    assert new == NewWeights(Path("out"), "mine", {"licence": "CC0-1.0", "data": "a=b"})
    assert new_weights(Path("out"), "mine", None).about == {}


@pytest.mark.parametrize("note", ["no note", "license=MIT"])
def test_a_note_that_the_model_card_has_no_place_for_is_refused(note: str) -> None:
    with pytest.raises(RecipeError, match=rf"KEY=TEXT, with the keys description, data, licence; got '{note}'"):
        new_weights(Path("out"), "mine", [note])


def test_a_run_returns_the_result_and_is_closed_when_it_is_interrupted() -> None:
    closed = []

    def steps(*, fail: bool) -> Steps[str]:
        try:
            yield Progress(1, 2, "[red]not markup[/red]")
            if fail:
                raise KeyboardInterrupt
        finally:
            closed.append(fail)
        return "found"

    assert run(steps(fail=False), "Counting") == "found"
    with pytest.raises(KeyboardInterrupt):
        run(steps(fail=True), "Counting")
    assert closed == [False, True]


def test_the_bar_says_how_much_longer_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count(0, 60)  # at each look at the clock
    told: list[tuple[float, str, str]] = []

    class ToldBar(Bar):
        def update(self, *args: Any, **fields: Any) -> None:
            told.append((fields["completed"], fields["message"], fields["left"]))
            super().update(*args, **fields)

    def steps() -> Steps[None]:
        yield Progress(1, 5, "found before", reused=True)
        yield Progress(1, 5, "half an image", at=0.3)
        for done in (2, 3, 4, 5):
            yield Progress(done, 5, f"image {done}")

    shared = sys.modules[run.__module__]
    monkeypatch.setattr(shared, "Bar", ToldBar)
    monkeypatch.setattr(shared, "RemainingTime", lambda: RemainingTime(lambda: float(next(seconds))))
    run(steps(), "Counting")
    assert told == [
        (1, "found before", ""),
        (1.5, "half an image", ""),
        (2, "image 2", "about 6 minutes left"),
        (3, "image 3", "about 3 minutes left"),
        (4, "image 4", "about 1 minute left"),
        (5, "image 5", ""),
    ]


def test_workers_without_a_scheduler_are_refused() -> None:
    with pytest.raises(RecipeError, match="--workers 3 needs --scheduler: local"):
        cluster_of(None, 3)
    assert cluster_of(None, None) is None
    assert cluster_of("local", 3) == ClusterRecipe(scheduler="local", workers=3)


def test_figures_are_printed_with_the_folder_that_holds_them(capsys: pytest.CaptureFixture[str]) -> None:
    class Measured:
        def text(self) -> str:
            return "AP50 0.9 [val]"

    say_figures(Measured(), None)
    assert capsys.readouterr().out == "AP50 0.9 [val]\n"
    say_figures(Measured(), Path("figures"))
    assert capsys.readouterr().out == "AP50 0.9 [val]\nWritten to figures\n"
