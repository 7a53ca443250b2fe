"""Files of images are explained one by one, and what was found is written whatever happens."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_hemalens import workflows
from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.workflows import ExplainedBatch, explained_images

METHODS = ("grad-cam-middle", "saliency")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two images of three nuclei, and their labels beside them."""
    y, x = np.ogrid[:120, :160]
    labels = np.zeros((120, 160), dtype=np.uint16)
    for number, (cy, cx, radius) in enumerate(((60, 40, 12), (60, 90, 12), (2, 130, 12)), start=1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = number
    image = (np.random.default_rng(0).normal(900, 20, labels.shape) + 5000 * (labels > 0)).astype(np.uint16)
    for folder, values in (("images", image), ("nuclei", labels)):
        (tmp_path / folder).mkdir()
        for name in ("a.tif", "b.tif"):
            tifffile.imwrite(tmp_path / folder / name, values)
    return [tmp_path / "images" / name for name in ("a.tif", "b.tif")]


@pytest.fixture
def recipe(untrained_classifier: ClassifierCard) -> ExplanationRecipe:
    return ExplanationRecipe(weights=str(untrained_classifier.file), device="cpu", pixel_size_um=0.5)


def labels_of(files: list[Path]) -> list[Path]:
    return [file.parent.parent / "nuclei" / file.name for file in files]


def test_each_image_and_method_has_a_tiff_and_a_picture(
    files: list[Path], recipe: ExplanationRecipe, tmp_path: Path, untrained_classifier: ClassifierCard
) -> None:
    out = tmp_path / "out"
    steps = workflows.explain_files_steps(files, recipe, out, labels=labels_of(files), methods=METHODS)
    batch = finish(steps)
    assert {path.name for path in out.iterdir()} == {
        *(f"{stem}.{method}.{kind}" for stem in "ab" for method in METHODS for kind in ("tif", "png")),
        *("run.json", "records"),
    }
    image, labels = tifffile.imread(files[0]), tifffile.imread(labels_of(files)[0])
    for method in METHODS:
        heatmap = tifffile.imread(out / f"a.{method}.tif")
        expected = workflows.explain(image, labels, recipe, method=method).heatmap
        np.testing.assert_allclose(heatmap, expected, atol=1e-5)
        with Image.open(out / f"a.{method}.png") as picture:
            assert picture.size == (160, 120)
    with tifffile.TiffFile(out / "a.saliency.tif") as file:
        assert file.pages[0].tags["XResolution"].value == (20_000, 1)
    assert ([len(field) for field in batch.fields], batch.methods, batch.failed) == ([3, 3], METHODS, {})
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["weights"] == {untrained_classifier.name: untrained_classifier.sha256}
    assert run["recipe"]["methods"] == list(METHODS)
    assert run["recipe"]["target"] == "predicted"
    assert [image["cells"] for image in run["images"]] == [3, 3]


def test_without_labels_those_that_were_found_are_written_too(
    files: list[Path], recipe: ExplanationRecipe, tmp_path: Path
) -> None:
    batch = finish(workflows.explain_files_steps(files[:1], recipe, tmp_path / "out"))
    assert batch.methods == ("grad-cam-middle",)
    found = tifffile.imread(tmp_path / "out" / "a.labels.tif")
    assert len(np.unique(found)) - 1 == len(batch.fields[0])


def test_an_image_that_cannot_be_explained_is_named_and_the_rest_goes_on(
    files: list[Path], recipe: ExplanationRecipe, tmp_path: Path
) -> None:
    tifffile.imwrite(labels_of(files)[0], np.zeros((120, 160), dtype=np.uint8))
    batch = finish(workflows.explain_files_steps(files, recipe, tmp_path / "out", labels=labels_of(files)))
    assert list(batch.failed) == [str(files[0])]
    assert "hold no cell" in batch.failed[str(files[0])]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("b.grad-cam-middle.tif", "b.grad-cam-middle.png", "run.json", "failed.csv", "records")
    }
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert [each["image"] for each in run["failed"]] == [str(files[0])]


def test_what_was_found_is_written_when_the_run_is_stopped(
    files: list[Path], recipe: ExplanationRecipe, tmp_path: Path
) -> None:
    steps = workflows.explain_files_steps(files, recipe, tmp_path / "out", labels=labels_of(files))
    next(steps)
    steps.close()
    assert len(json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["images"]) == 1


def test_the_same_run_goes_on_and_a_picture_that_fails_costs_no_heatmap(
    files: list[Path], recipe: ExplanationRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: Any) -> None:
        raise MemoryError

    def run() -> ExplainedBatch:
        return finish(workflows.explain_files_steps(files, recipe, tmp_path / "out", labels=labels_of(files)))

    steps = workflows.explain_files_steps(files, recipe, tmp_path / "out", labels=labels_of(files))
    next(steps)
    steps.close()
    monkeypatch.setattr(explained_images, "heatmap_picture", no_memory)
    batch = run()
    assert (batch.kept, batch.failed, list(batch.unpictured)) == (1, {}, [str(files[1])])
    assert (tmp_path / "out" / "b.grad-cam-middle.tif").exists()
    monkeypatch.undo()
    again = run()
    assert (again.kept, again.unpictured) == (1, {})  # without a picture, it is explained again


def test_what_would_fail_for_every_image_fails_before_the_first(
    files: list[Path], recipe: ExplanationRecipe, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(RecipeError, match="No heatmap 'layer-5' of resnet18"):
        next(workflows.explain_files_steps(files, recipe, out, methods=["saliency", "layer-5"]))
    with pytest.raises(RecipeError, match="No class 'blast'"):
        next(workflows.explain_files_steps(files, recipe.model_copy(update={"target": "blast"}), out))
    with pytest.raises(AnnotationError, match="1 label images for 2 images"):
        next(workflows.explain_files_steps(files, recipe, out, labels=labels_of(files)[:1]))
    assert not out.exists()


def test_labels_that_are_read_are_not_replaced_by_results(files: list[Path], recipe: ExplanationRecipe) -> None:
    folder = labels_of(files)[0].parent
    with pytest.raises(RecipeError, match="folder of their own"):
        next(workflows.explain_files_steps(files, recipe, folder, labels=labels_of(files)))
    assert not (folder / "run.json").exists()
