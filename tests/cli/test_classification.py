from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens.models import weights
from napari_hemalens.models.weights import ClassifierCard


@pytest.mark.slow
def test_a_classifier_is_trained_and_measured_from_a_shell(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], micronuclei: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    options = ("--set", "crop.light=fluorescence", "--set", "accelerator=cpu", "--about", "licence=CC0-1.0")
    arguments = ("--data", micronuclei, "--out", out, "--recipe", "smoke", "--name", "mine", *options)
    assert hemalens("train", "classification", *arguments) == 0
    assert "mine on 32 cells of val: AUC" in capsys.readouterr().out
    card = weights.classifier_card(out / "mine.json")
    assert (card.licence, card.crop.light) == ("CC0-1.0", "fluorescence")

    measured = ("--data", micronuclei, "--weights", card.file, "--device", "cpu", "--out", tmp_path / "figures")
    assert hemalens("evaluate", "classification", *measured) == 0
    said = capsys.readouterr().out
    assert f"accuracy {card.metrics['accuracy']:.3f}" in said
    assert (tmp_path / "figures" / "report.json").exists()


def test_some_images_are_measured_perturbed_from_a_shell(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    micronuclei: Path,
    untrained_classifier: ClassifierCard,
) -> None:
    measured = ("--data", micronuclei, "--weights", untrained_classifier.file, "--device", "cpu")
    assert hemalens("evaluate", "classification", *measured, "--only", "*5", "--perturb", "focus") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "(val, *5, focus perturbed, 16 cells of 1 images" in said
    assert hemalens("evaluate", "classification", *measured, "--only", "b*") == 2
    assert "No image is called b*; there is val4." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "classification", "--data", "{data}"), "Give --weights, or --task: micronucleus, all"),
        (("evaluate", "classification", "--data", "{data}", "--weights", "{row}", "--task", "all"), "the task is all"),
        (("evaluate", "classification", "--data", "nowhere", "--weights", "{row}"), "Cannot read the table of cells"),
        (
            ("train", "classification", "--data", "{data}", "--out", "o", "--recipe", "x"),
            "No recipe 'x'. Known: micron",
        ),
        (("train", "classification", "--data", "{data}", "--out", "o", "--set", "crop.side=1"), "'crop.side' got 1"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence_and_exit_code_two(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    micronuclei: Path,
    untrained_classifier: ClassifierCard,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    names = {"data": micronuclei, "row": untrained_classifier.file}
    assert hemalens(*(a.format(**names) for a in arguments)) == 2
    assert message in capsys.readouterr().err
