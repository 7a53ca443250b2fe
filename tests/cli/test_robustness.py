"""`hemalens evaluate robustness`."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from napari_hemalens.evaluation import robustness
from napari_hemalens.progress import finish
from napari_hemalens.rendering.dataset import render_fields_steps


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    finish(render_fields_steps(folder, fields=4, shape=(400, 400), pixel_size_um=0.15, tissue="marrow", seed=1))
    return folder


@pytest.mark.slow
def test_perturbed_fields_are_counted_and_a_wrong_scale_ruins_them(
    hemalens: Callable[..., int],
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(robustness, "_WINDOWS", (200,))
    perturbations = robustness.FIELD_PERTURBATIONS
    kept = {
        "light": replace(perturbations["light"], levels=(-0.4, 0.0)),
        "scale": replace(perturbations["scale"], levels=(0.5, 1.0)),
    }
    monkeypatch.setattr(robustness, "FIELD_PERTURBATIONS", kept)
    options = ["--split", "train", "--fields", "1", "--seed", "1", "--size", "600", "600"]
    options += ["--device", "cpu", "--pixel-size", "0.15"]
    assert hemalens("evaluate", "robustness", "--data", data, *options, "--out", tmp_path / "out") == 0
    assert "| crowding | 200 |" in capsys.readouterr().out
    with (tmp_path / "out" / "levels.csv").open(encoding="utf-8", newline="") as lines:
        found = {(row["perturbation"], float(row["level"])): row for row in csv.DictReader(lines)}
    assert len(found) == 1 + 2 + 2 + 1
    assert found["light", 0]["AP50"] == found["scale", 1]["AP50"] == found["crowding", 200]["AP50"]
    wrong, right = found["scale", 0.5], found["scale", 1]
    assert float(wrong["AP50"]) < float(right["AP50"])
    assert float(wrong["classes"]) > float(right["classes"])
    written = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (written["fields"], written["seed"]) == (1, 1)
    assert (tmp_path / "out" / "pictures" / "light_-0.4.jpg").exists()
    assert (tmp_path / "out" / "curves.png").exists()


def test_images_without_a_scale_are_refused(
    hemalens: Callable[..., int], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hemalens("convert", data, "--split", "train", "--to", "voc", "--out", tmp_path / "voc") == 0
    (tmp_path / "voc" / "voc").rename(tmp_path / "voc" / "train")
    assert hemalens("evaluate", "robustness", "--data", tmp_path / "voc", "--split", "train") == 2
    assert "do not say their pixel size; give it in micrometres" in capsys.readouterr().err
