"""`hemalens evaluate heatmaps`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens.models.cards import ClassifierCard


def test_the_command_prints_a_table_and_writes_it(
    hemalens: Callable[..., int],
    micronuclei: Path,
    untrained_classifier: ClassifierCard,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = untrained_classifier.model_copy(update={"threshold": 0.0})
    card.file.with_suffix(".json").write_text(card.model_dump_json(), encoding="utf-8")
    options = ("--weights", card.file, "--device", "cpu", "--methods", "saliency, grad-cam-middle")
    assert hemalens("evaluate", "heatmaps", "--data", micronuclei, *options, "--out", tmp_path / "out") == 0
    shown = capsys.readouterr().out
    assert "16 of 16 nuclei with micronuclei are rightly called, in 2 images" in shown
    assert (
        shown.index("| saliency |") < shown.index("| grad-cam-middle |") < shown.index("| a random place in the crop")
    )
    assert (tmp_path / "out" / "methods.csv").exists()


def test_another_task_is_refused_in_one_sentence(
    hemalens: Callable[..., int], micronuclei: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hemalens("evaluate", "heatmaps", "--data", micronuclei, "--weights", "all-eca") == 2
    assert "the weights all-eca answer the task all" in capsys.readouterr().err
