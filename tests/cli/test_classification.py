"""`hemalens classify`, `train classification` and `evaluate classification`, as a person types them."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_hemalens import workflows
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Progress, Steps

PLACES = ((60, 40, 12), (60, 67, 12), (60, 120, 12))


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    """Two images of three nuclei, their labels, a design, and a file that is no image."""
    y, x = np.ogrid[:120, :160]
    labels = np.zeros((120, 160), dtype=np.uint16)
    for number, (cy, cx, radius) in enumerate(PLACES, start=1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = number
    image = (np.random.default_rng(0).normal(900, 20, labels.shape) + 5000 * (labels > 0)).astype(np.uint16)
    for folder, values in (("images", image), ("nuclei", labels)):
        (tmp_path / folder).mkdir()
        for name in ("a.tif", "b.tif"):
            tifffile.imwrite(tmp_path / folder / name, values)
    (tmp_path / "design.csv").write_text("image,replicate,concentration\na,1,0\nb,1,10\n", encoding="utf-8")
    return tmp_path


def classify(hemalens: Callable[..., int], card: ClassifierCard, fields: Path, *options: str | Path) -> int:
    where = (fields / "images", "--labels", fields / "nuclei", "--out", fields / "out")
    return hemalens("classify", *where, "--weights", card.file, "--device", "cpu", *options)


def test_a_folder_and_its_labels_become_a_report(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fields: Path,
    untrained_classifier: ClassifierCard,
) -> None:
    design = ("--pair", "--design", fields / "design.csv", "--compare", "0", "10")
    assert classify(hemalens, untrained_classifier, fields, *design) == 0
    printed = capsys.readouterr().out
    assert "concentration 10" in printed
    assert "binucleated cells of the 2,000 asked for" in printed
    assert "Fisher's exact test" in printed
    assert "not a diagnostic device" in printed
    cells = list(csv.DictReader((fields / "out" / "cells.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["image"], row["cell"], row["belongs_to"]) for row in cells] == [
        (image, cell, of) for image in ("a.tif", "b.tif") for cell, of in (("1", "1"), ("2", "1"), ("3", "3"))
    ]
    levels = {row["level"] for row in csv.DictReader((fields / "out" / "summary.csv").read_text().splitlines())}
    assert levels == {"image", "replicate", "concentration", "pooled", "comparison"}


def test_micronuclei_are_counted_of_labels_that_are_given(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fields: Path,
    untrained_classifier: ClassifierCard,
) -> None:
    (fields / "bodies").mkdir()
    bodies = np.zeros((120, 160), dtype=np.uint8)
    bodies[58:62, 138:142] = 1
    for name in ("a.tif", "b.tif"):
        tifffile.imwrite(fields / "bodies" / name, bodies)
    assert classify(hemalens, untrained_classifier, fields, "--micronuclei", fields / "bodies") == 0
    assert "nuclei with 3 or more micronuclei" in capsys.readouterr().out
    assert np.unique(tifffile.imread(fields / "out" / "a.micronuclei.tif")).tolist() == [0, 3]


def test_the_channel_is_chosen_by_name_or_the_channels_are_listed(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fields: Path,
    untrained_classifier: ClassifierCard,
) -> None:
    for file in (fields / "images").iterdir():
        grey = tifffile.imread(file)
        named = {"axes": "CYX", "Channel": {"Name": ["PI", "FITC"]}}
        tifffile.imwrite(file, np.stack([grey, grey[::-1]]), ome=True, photometric="minisblack", metadata=named)
    assert classify(hemalens, untrained_classifier, fields, "--channel", "pi") == 0
    assert not capsys.readouterr().err.count("not done")
    assert classify(hemalens, untrained_classifier, fields, "--replace") == 1
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("choose one as channel (--channel), by its name or number: 0 PI, 1 FITC.") == 2


def test_an_unreadable_image_is_named_and_the_exit_code_is_one(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fields: Path,
    untrained_classifier: ClassifierCard,
) -> None:
    (fields / "images" / "b.tif").write_bytes(b"no image")
    assert classify(hemalens, untrained_classifier, fields) == 1
    said = capsys.readouterr()
    assert "b.tif" in said.err
    assert "The unit is the nucleus" in said.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--task", "leukocyte"), "answer the task micronucleus; the task is leukocyte"),
        (("--task", "all", "--pair"), "--cells and --pair are of the task micronucleus; the task is all"),
        (("--pair", "--cells", "{fields}/nuclei"), "give one of them"),
        (("--task", "all", "--micronuclei", "{fields}/nuclei"), "--micronuclei is of the task micronucleus"),
        (("--design", "{fields}/none.csv"), "none.csv: No such file"),
        (("--compare", "0", "5"), "No image, replicate or concentration '0' to compare. Known: a.tif, b.tif"),
        (("--pixel-size", "0"), "Option 'pixel_size_um' got 0.0"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence_and_exit_code_two(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fields: Path,
    untrained_classifier: ClassifierCard,
    options: tuple[str, ...],
    message: str,
) -> None:
    given = [option.format(fields=fields) for option in options]
    assert classify(hemalens, untrained_classifier, fields, *given) == 2
    said = capsys.readouterr().err
    assert message in " ".join(said.split())
    assert "Traceback" not in said
    assert not (fields / "out").exists()


def test_a_whole_field_needs_no_labels(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    all_fields: Path,
    untrained_of_fields: ClassifierCard,
    tmp_path: Path,
) -> None:
    options = ("--out", tmp_path / "out", "--task", "field", "--weights", untrained_of_fields.file, "--device", "cpu")
    assert hemalens("classify", all_fields / "all_fields" / "pre", *options) == 0
    cells = list(csv.DictReader((tmp_path / "out" / "cells.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["image"], row["cell"], row["area"]) for row in cells] == [
        (f"{k:02d}.jpg", "1", str(128 * 160)) for k in range(10)
    ]
    assert {path.name for path in (tmp_path / "out").glob("00.*")} == {"00.classes.png"}
    counted = list(csv.DictReader((tmp_path / "out" / "summary.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["unit"] for row in counted} == {"field"}
    assert next((row["measure"], row["count"]) for row in counted if row["level"] == "pooled") == ("fields", "10")
    said = capsys.readouterr().out
    assert "fields" in said.split()
    assert "cells" not in said


def test_labels_of_cells_are_refused_where_whole_fields_are_named(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    fields: Path,
    untrained_of_fields: ClassifierCard,
) -> None:
    assert classify(hemalens, untrained_of_fields, fields, "--task", "field") == 2
    assert "name whole images, not the cells of them: give no labels" in capsys.readouterr().err
    assert not (fields / "out").exists()


def test_what_learned_on_fields_is_said_to_be_measured_on_fields(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    untrained_of_fields: ClassifierCard,
    tmp_path: Path,
) -> None:
    def trained(*_: object) -> Steps[ClassifierCard]:
        yield Progress(1, 1, "trained")
        return untrained_of_fields.model_copy(update={"metrics": {"cells": 6, "AUC": 0.5}})

    monkeypatch.setattr(workflows, "train_classification_steps", trained)
    where = ("--data", tmp_path, "--task", "field", "--recipe", "smoke", "--out", tmp_path / "out")
    assert hemalens("train", "classification", *where) == 0
    assert "on 6 fields that were held out: AUC 0.500" in capsys.readouterr().out


@pytest.mark.slow
def test_a_classifier_is_trained_and_measured_from_a_shell(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], micronuclei: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    options = ("--set", "crop.light=fluorescence", "--set", "accelerator=cpu", "--about", "licence=CC0-1.0")
    arguments = ("--data", micronuclei, "--out", out, "--recipe", "smoke", "--name", "mine", *options)
    assert hemalens("train", "classification", *arguments) == 0
    assert "mine on 32 cells that were held out: AUC" in capsys.readouterr().out
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
    assert "(val, *5, focus perturbed, 16 cells of 1 image" in said
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
def test_an_error_of_training_is_one_sentence_and_exit_code_two(
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


@pytest.mark.slow
def test_cells_by_box_are_trained_on_from_a_shell(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], cells_by_box: Path, tmp_path: Path
) -> None:
    options = ("network.start=scratch", "crop.side=32", "epochs=0.1", "batch=8", "warmup_steps=0", "workers=0")
    told = [part for option in options for part in ("--set", option)]
    arguments = ("--data", cells_by_box, "--task", "nucleated", "--out", tmp_path, "--name", "mine", *told)
    assert hemalens("train", "classification", *arguments) == 0
    assert "cells that were held out: balanced accuracy" in capsys.readouterr().out
