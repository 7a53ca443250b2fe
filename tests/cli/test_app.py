"""What all commands share: errors in one sentence, the version, notes for the model card, a bar that closes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens import __version__
from napari_hemalens.cli.app import new_weights, run
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import Progress, Steps


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


def test_notes_for_the_model_card_are_split_at_the_first_equals_sign() -> None:
    new = new_weights(Path("out"), "mine", ["licence=CC0-1.0", "data=a=b", "no note"])
    assert new == NewWeights(Path("out"), "mine", {"licence": "CC0-1.0", "data": "a=b"})
    assert new_weights(Path("out"), "mine", None).about == {}


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
