from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens import workflows
from napari_hemalens.errors import AnnotationError
from napari_hemalens.models import weights
from napari_hemalens.models.weights import WeightsRow
from napari_hemalens.progress import finish
from napari_hemalens.recipes import DetectionRecipe
from napari_hemalens.rendering.dataset import render_fields_steps

PACKED = DetectionRecipe().weights


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rendered fields as a laboratory's own annotated images."""
    folder = tmp_path_factory.mktemp("data")
    options = {"shape": (320, 320), "pixel_size_um": 0.15, "tissue": "marrow", "seed": 1}
    finish(render_fields_steps(folder, fields=2, **options))
    (folder / "val.json").write_bytes((folder / "train.json").read_bytes())
    return folder


def test_a_laboratory_chooses_the_least_score_on_its_own_images(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "ours"
    assert hemalens("weights", "tune", "--data", data, "--out", out, "--name", "ours", "--pixel-size", "0.15") == 0
    assert f"--weights {out / 'ours.safetensors'}" in capsys.readouterr().out

    tuned, packed = weights.row(out / "ours.json"), weights.row(PACKED)
    assert (tuned.name, tuned.sha256, tuned.classes) == ("ours", packed.sha256, packed.classes)
    assert tuned.metrics["images"] == 2
    assert tuned.metrics["AP50"] > 0.8  # the renderer's cells are easy for these weights

    def f1(least: float) -> float:
        recipe = DetectionRecipe(weights=str(tuned.file), pixel_size_um=0.15, min_score=least)
        of_class = finish(workflows.evaluate_detection_steps(data, recipe)).classes.values()
        known = [row["F1"] for row in of_class if row["cells"]]
        return sum(known) / len(known)

    best = f1(tuned.min_score)
    assert best > f1(0.05)
    assert best >= f1(0.9)


def test_weights_tuned_where_they_lie_keep_their_file(untrained: WeightsRow, data: Path) -> None:
    before = untrained.file.read_bytes()
    recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15)
    row = finish(workflows.tune_detection_steps(data, recipe, untrained.folder))
    assert untrained.file.read_bytes() == before
    assert weights.row(untrained.file) == row
    assert row.metrics["images"] == 2


def test_images_without_a_class_that_the_weights_know_are_refused(
    untrained: WeightsRow, data: Path, tmp_path: Path
) -> None:
    other = tmp_path / "data"
    other.mkdir()
    (other / "images").symlink_to(data / "images")
    annotations = (data / "val.json").read_text(encoding="utf-8")
    for name in untrained.classes:
        annotations = annotations.replace(f'"name": "{name}"', f'"name": "my {name}"')
    (other / "val.json").write_text(annotations, encoding="utf-8")
    recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15)
    with pytest.raises(AnnotationError, match="annotated by a class that untrained knows: lymphocyte, erythrocyte"):
        finish(workflows.tune_detection_steps(other, recipe, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
