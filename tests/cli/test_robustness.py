"""`hemalens evaluate robustness`."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens.progress import finish
from napari_hemalens.rendering.dataset import render_fields_steps
from napari_hemalens.training import robustness


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    finish(render_fields_steps(folder, fields=2, shape=(400, 400), pixel_size_um=0.15, tissue="marrow", seed=1))
    return folder


@pytest.mark.slow
def test_disturbed_fields_are_counted_and_a_wrong_scale_is_the_worst(
    hemalens: Callable[..., int],
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(robustness, "_WINDOWS", (200,))
    kept = {name: robustness.DISTURBANCES[name] for name in ("light", "scale")}
    monkeypatch.setattr(robustness, "DISTURBANCES", kept)
    options = ("--split", "train", "--fields", "1", "--size", "400", "400", "--device", "cpu", "--pixel-size", "0.15")
    assert hemalens("evaluate", "robustness", "--data", data, *options, "--out", tmp_path / "out") == 0
    assert "| crowding | 200 |" in capsys.readouterr().out
    with (tmp_path / "out" / "levels.csv").open(encoding="utf-8", newline="") as lines:
        found = {(row["disturbance"], float(row["level"])): float(row["AP50"]) for row in csv.DictReader(lines)}
    assert len(found) == 1 + 5 + 5 + 1
    assert found["light", 0] == found["scale", 1] == found["crowding", 200]
    assert found["scale", 0.7] < found["scale", 1]
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["fields"] == 1
    assert (tmp_path / "out" / "curves.png").exists()


def test_images_without_a_scale_are_refused(
    hemalens: Callable[..., int], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hemalens("convert", data, "--split", "train", "--to", "voc", "--out", tmp_path / "voc") == 0
    assert hemalens("evaluate", "robustness", "--data", tmp_path / "voc" / "voc", "--split", "train") == 2
    assert capsys.readouterr().err
