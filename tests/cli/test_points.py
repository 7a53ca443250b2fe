"""`hemalens evaluate points`."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens.formats import read_annotations
from napari_hemalens.models import weights
from napari_hemalens.progress import finish
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.rendering.dataset import render_fields_steps


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rendered fields of marrow whose nucleated cells are marked by points, each field a part of its own."""
    folder = tmp_path_factory.mktemp("marked")
    finish(render_fields_steps(folder, fields=2, shape=(512, 512), pixel_size_um=0.15, tissue="marrow", seed=3))
    (folder / "points").mkdir()
    for part, field in zip(("train", "val"), read_annotations(folder / "train.json"), strict=True):
        cells = field.take([cell_class(name).nucleated for name in field.class_names])
        image = Path(field.provenance.image)
        rows = "".join(f"{x},{y},1\n" for y, x in cells.centres)
        (folder / "points" / f"{image.stem}.csv").write_text(f"x,y,class\n{rows}", encoding="utf-8")
        (folder / f"{part}.txt").write_text(image.stem, encoding="utf-8")
    (folder / "train.json").unlink()  # boxes would go before points
    return folder


def test_cells_of_every_nucleated_class_are_nuclei(
    hemalens: Callable[..., int], marked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--only", "val", "--tune", "train", "--pixel-size", "0.15", "--radius", "20", "--device", "cpu")
    assert hemalens("evaluate", "points", "--data", marked, *options, "--out", tmp_path / "out") == 0
    shown = capsys.readouterr().out
    assert "(best F1 on train, 1 image)" in shown
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert "erythrocyte" not in report["classes"]
    image = (marked / "val.txt").read_text(encoding="utf-8")
    points = (marked / "points" / f"{image}.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert {name: row["nuclei"] for name, row in report["images"].items()} == {image: len(points)}
    assert report["overall"]["F1"] > 0.85
    with (tmp_path / "out" / "radii.csv").open(encoding="utf-8", newline="") as file:
        assert [float(row["radius"]) for row in csv.DictReader(file)] == [6.5, 9.75, 13, 19.5, 20, 26]
    assert (tmp_path / "out" / "curves.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "does not say its pixel size; give it in micrometres"),
        (("--only", "biopsy"), "No image with points in .* is called 'biopsy'"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    hemalens: Callable[..., int],
    marked: Path,
    options: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert hemalens("evaluate", "points", "--data", marked, *options) == 2
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.slow
def test_a_folder_of_points_is_trained_on(hemalens: Callable[..., int], marked: Path, tmp_path: Path) -> None:
    options = ("--recipe", "smoke", "--set", "batch=1", "--set", "accelerator=cpu", "--pixel-size", "0.15")
    assert hemalens("train", "detection", "--data", marked, *options, "--out", tmp_path, "--name", "mine") == 0
    assert weights.detector_card(tmp_path / "mine.json").classes == ("nucleus",)
