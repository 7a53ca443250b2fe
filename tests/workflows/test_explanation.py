"""Images are explained from a script, with labels from anywhere or none."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_hemalens
from napari_hemalens import workflows
from napari_hemalens.errors import AnnotationError, RecipeError, WeightsError
from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.models.cards import ClassifierCard

ASSAY = Path(__file__).parents[2] / "sample_data" / "micronucleus_assay"


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Return an image of three bright nuclei and their labels."""
    y, x = np.ogrid[:120, :160]
    labels = np.zeros((120, 160), dtype=np.int32)
    for number, (cy, cx, radius) in enumerate(((60, 40, 12), (60, 90, 12), (2, 130, 12)), start=1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = number
    image = np.random.default_rng(0).normal(900, 20, labels.shape) + 5000 * (labels > 0)
    return image.astype(np.uint16), labels


@pytest.fixture
def options(untrained_classifier: ClassifierCard) -> dict[str, Any]:
    return {"weights": str(untrained_classifier.file), "device": "cpu"}


def test_importing_it_loads_no_torch() -> None:
    code = "import sys, napari_hemalens as h; h.explain; h.Explained; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_function_is_a_function_also_after_torch_was_needed() -> None:
    """A subpackage `explain`, once imported, would take its place."""
    code = (
        "import napari_hemalens as h, napari_hemalens.heatmaps.classifier_heatmaps; "
        "assert h.explain is h.workflows.explain"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_result_names_its_method_weights_and_options(
    options: dict[str, Any], untrained_classifier: ClassifierCard
) -> None:
    image, labels = scene()
    found = napari_hemalens.explain(image, labels, target="none", pixel_size_um=0.5, **options)
    assert isinstance(found, napari_hemalens.Explained)
    assert found.cells.ids.tolist() == [1, 2, 3]
    assert found.method == "grad-cam-middle"  # of 64 pixels, without attention
    origin = found.provenance
    assert (origin.weights, origin.sha256) == (untrained_classifier.name, untrained_classifier.sha256)
    assert (origin.pixel_size_um, origin.pixel_size_source) == (0.5, "given")
    assert (origin.recipe["method"], origin.recipe["target"]) == ("grad-cam-middle", "none")


def test_cells_are_those_that_classify_names(options: dict[str, Any]) -> None:
    image, labels = scene()
    found = napari_hemalens.explain(image, labels, only=[3, 2], **options)
    named = napari_hemalens.classify(image, labels, **options)
    assert found.cells.ids.tolist() == [2, 3]
    np.testing.assert_allclose(found.cells.probabilities, named.probabilities[1:], atol=1e-6)


def test_without_labels_the_image_is_segmented(options: dict[str, Any]) -> None:
    image, _ = scene()
    found = napari_hemalens.explain(image, **options)
    assert len(found) >= 2
    assert found.heatmap.any()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"method": "layer-5"}, RecipeError, "No heatmap 'layer-5' of resnet18. Known: grad-cam"),
        ({"target": "blast"}, RecipeError, "Known: predicted, micronucleus, none"),
        ({"smoothing": -1}, RecipeError, "Option 'smoothing' got -1"),
        ({"task": "leukocyte"}, WeightsError, "answer the task micronucleus"),
        ({"labels": np.zeros((120, 160), dtype=int)}, AnnotationError, "hold no cell"),
        ({"labels": np.ones((120, 161), dtype=int)}, AnnotationError, "120 x 161 pixels do not fit"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence(
    options: dict[str, Any], change: dict[str, Any], error: type[Exception], message: str
) -> None:
    image, labels = scene()
    given = {"labels": labels, **options, **change}
    with pytest.raises(error, match=message):
        napari_hemalens.explain(image, **given)


def test_a_wrong_method_is_said_before_an_image_is_segmented(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_hemalens.workflows.explanation.segment_steps", None)
    recipe = napari_hemalens.ExplanationRecipe(method="layer-5", **options)
    with pytest.raises(RecipeError, match="No heatmap"):
        next(workflows.explain_steps(scene()[0], None, recipe))


@pytest.mark.slow
def test_packed_weights_look_beside_nuclei_for_their_micronuclei() -> None:
    """On rendered cells: heat over micronuclei is many times that over the rest of what was looked at."""
    image = ASSAY / "images" / "fluorescence.tif"
    nuclei, bodies = (read_labels(ASSAY / part / "fluorescence.tif") for part in ("nuclei", "micronuclei"))
    found = napari_hemalens.explain(image, nuclei, method="attention", device="cpu")
    called = found.cells.class_names == "micronucleus"
    assert called.any()
    right = np.isin(found.cells.ids, np.unique(bodies)) & called
    hits = 0
    for heatmap, (y0, x0, y1, _) in zip(found.crop_heatmaps[right], found.windows[right], strict=True):
        hottest = np.array(np.unravel_index(heatmap.argmax(), heatmap.shape))
        y, x = (hottest + 0.5) * (y1 - y0) / heatmap.shape[0] + (y0, x0)
        near = bodies[max(0, int(y) - 5) : int(y) + 6, max(0, int(x) - 5) : int(x) + 6]
        hits += bool(near.any())
    assert hits >= 0.5 * right.sum() > 0
    assert found.heatmap[bodies > 0].mean() > 4 * found.heatmap[bodies == 0].mean()
