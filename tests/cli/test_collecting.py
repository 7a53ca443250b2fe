"""`hemalens collect`."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.cli import collecting
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.workflows.collection import Collected


def test_what_was_collected_and_how_to_train_on_it_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def steps(results: list[Path], out: Path, *, everything: bool) -> object:
        asked.append((results, out, everything))
        yield from ()
        found = Collected(Path("set/boxes"), None, None, 3, {"blast": 1200}, ("a.png cannot be found.",))
        return replace(found, commands=("hemalens train detection --data set/boxes --out set/detector",))

    monkeypatch.setattr(collecting, "collect_steps", steps)
    collecting.collect([tmp_path], Path("set"), everything=True)
    said = capsys.readouterr().out
    assert asked == [([tmp_path], Path("set"), True)]
    assert "1,200  blast" in said
    assert "a.png cannot be found." in said
    assert "Train with: hemalens train detection --data set/boxes --out set/detector" in said


def test_the_commands_that_are_printed_begin_a_training(
    hemalens: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = []
    for k in range(2):
        path = tmp_path / f"{k}.png"
        iio.imwrite(path, np.full((60, 80, 3), 100 + k, np.uint8))
        of = Provenance(image=str(path), pixel_size_um=0.2)
        boxes, names = [[0, 0, 10, 12], [20, 20, 32, 34]], ("lymphocyte", "blast")
        fields.append(Detections.from_arrays(boxes, [1, 1], [0, 1], names=names, image_shape=(60, 80), provenance=of))
    workflows.write_results(fields, DetectionRecipe(), tmp_path / "results")
    assert hemalens("collect", tmp_path / "results", "--everything", "--out", tmp_path / "a set") == 0
    begun = []

    def steps(data: list[Path], *_: object, **__: object) -> object:
        begun.append(data)
        yield from ()
        raise TrainingError("It has begun.")

    monkeypatch.setattr(workflows, "train_detection_steps", steps)
    monkeypatch.setattr(workflows, "train_classification_steps", steps)
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Train with: hemalens ")]
    for line in said:
        hemalens(*shlex.split(line.replace("\\", "/"))[3:])
        assert "It has begun." in capsys.readouterr().err
    assert begun == [[tmp_path / "a set" / "boxes"], [tmp_path / "a set" / "cells"]]
