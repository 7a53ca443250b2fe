"""The cells of an image are named as by the classifier, and their heat lies on them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import AnnotationError, ImageError, RecipeError
from napari_hemalens.heatmaps.assembly import ChosenCells
from napari_hemalens.heatmaps.classifier_heatmaps import explain_steps, load_steps, note_on
from napari_hemalens.inference import classifier
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.progress import finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained
from napari_hemalens.slides.axes import from_array

Cards = Callable[..., ClassifierCard]
PLACES = ((60, 40, 12), (60, 67, 12), (60, 120, 12), (2, 100, 12))  # y, x, radius; the last is cut by the edge
NUMBERS = (7, 3, 70_000, 5)


def scene(shift: tuple[int, int] = (0, 0), shape: tuple[int, int] = (140, 190)) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of discs with texture, and their labels, moved by whole pixels."""
    y, x = np.mgrid[: shape[0], : shape[1]] - np.array(shift)[:, None, None]
    image = 900 + 80 * np.sin(y / 3) * np.cos(x / 5)
    labels = np.zeros(shape, dtype=np.int32)
    for number, (cy, cx, radius) in zip(NUMBERS, PLACES, strict=True):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = number
    return (image + 4000 * (labels > 0) * (1 + 0.3 * np.sin(x))).astype(np.uint16), labels


@pytest.fixture
def of(card: Cards) -> ClassifierCard:
    return card("alexnet_attention", light="fluorescence", neighbours="masks")


@pytest.fixture
def explained(of: ClassifierCard, network: Callable[[ClassifierCard], CellClassifier]) -> Callable[..., Any]:
    """Return the steps that explain an image: `explained(image, labels, only=[3], method="grad-cam")`."""
    built = network(of)

    def run(image: np.ndarray, labels: np.ndarray, *, only: Any = None, **options: Any) -> Any:
        recipe = ExplanationRecipe(**options)
        chosen, ready = ChosenCells(CellMap.from_labels(labels), only), classifier.NetworkClassifier(built, of)
        return explain_steps(from_array(image), chosen, ready, recipe=recipe, provenance=Provenance(image="a"))

    return run


def test_cells_are_named_as_by_the_classifier(
    explained: Callable[..., Any], of: ClassifierCard, network: Callable[[ClassifierCard], CellClassifier]
) -> None:
    image, labels = scene()
    found: Explained = finish(explained(image, labels))
    ready = classifier.NetworkClassifier(network(of), of)
    steps = classifier.classify_steps(
        from_array(image), CellMap.from_labels(labels), ready, provenance=Provenance(image="a")
    )
    expected = finish(steps)
    assert found.cells.ids.tolist() == sorted(NUMBERS) == expected.ids.tolist()
    np.testing.assert_allclose(found.cells.probabilities, expected.probabilities, atol=1e-6)
    assert (found.method, found.target) == ("layer-5", "predicted")
    assert found.targets.tolist() == expected.classes.tolist()
    assert found.target_names.tolist() == expected.class_names.tolist()
    assert found.provenance.image == "a"
    assert len(found) == 4


def test_heat_of_the_image_is_that_of_the_crops_where_they_were_cut(explained: Callable[..., Any]) -> None:
    found: Explained = finish(explained(*scene()))
    assert found.heatmap.shape == (140, 190)
    assert found.heatmap.dtype == np.float32
    side = found.crop_heatmaps.shape[-1]
    for number, (cy, cx, _) in zip(NUMBERS[:3], PLACES[:3], strict=True):
        (at,) = np.flatnonzero(found.cells.ids == number)
        y0, x0, y1, x1 = found.windows[at]
        np.testing.assert_allclose(((y0 + y1) / 2, (x0 + x1) / 2), (cy + 0.5, cx + 0.5))
        hottest = np.array(np.unravel_index(found.crop_heatmaps[at].argmax(), (side, side)))
        y, x = np.floor((hottest + 0.5) * (y1 - y0) / side + (y0, x0)).astype(int)
        assert found.heatmap[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].max() >= 0.97 * found.crop_heatmaps[at].max()
    covered = np.zeros(found.heatmap.shape, dtype=bool)
    for y0, x0, y1, x1 in found.windows.clip(min=0):
        covered[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1] = True
    assert not found.heatmap[~covered].any()
    assert found.heatmap[:5, 90:110].any()  # of the cell at the border


def test_crops_are_what_the_network_saw_with_grey_as_it_looks(explained: Callable[..., Any]) -> None:
    found: Explained = finish(explained(*scene()))
    assert found.crops.shape == (4, 64, 64, 3)
    assert (found.crops[..., 0] == found.crops[..., 1]).all()
    (at,) = np.flatnonzero(found.cells.ids == 70_000)
    assert found.crops[at, 28:36, 28:36].mean() > 2 * found.crops[at, :4].mean()


@pytest.mark.parametrize("method", ["attention", "grad-cam-middle"])
def test_a_shifted_image_has_shifted_heat(explained: Callable[..., Any], method: str) -> None:
    image, labels = scene((20, 24), (200, 250))
    moved, moved_labels = scene((33, 31), (200, 250))
    heatmap = finish(explained(image, labels, method=method)).heatmap
    shifted = finish(explained(moved, moved_labels, method=method)).heatmap
    # Contrast is that of the whole image, so that greys differ by one here and there.
    assert np.corrcoef(shifted[13:, 7:].ravel(), heatmap[:-13, :-7].ravel())[0, 1] > 0.995
    assert np.corrcoef(shifted.ravel(), heatmap.ravel())[0, 1] < 0.9


def test_some_cells_alone_are_explained_as_among_all(explained: Callable[..., Any]) -> None:
    image, labels = scene()
    whole: Explained = finish(explained(image, labels, method="grad-cam-middle"))
    some: Explained = finish(explained(image, labels, method="grad-cam-middle", only=[70_000, 3]))
    assert some.cells.ids.tolist() == [3, 70_000]
    at = np.flatnonzero(np.isin(whole.cells.ids, [3, 70_000]))
    np.testing.assert_allclose(some.crop_heatmaps, whole.crop_heatmaps[at], atol=1e-4)
    np.testing.assert_array_equal(some.windows, whole.windows[at])
    np.testing.assert_allclose(some.cells.probabilities, whole.cells.probabilities[at], atol=1e-6)


def test_progress_tells_of_each_batch_on_the_heat_of_all_so_far(
    explained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_hemalens.heatmaps.classifier_heatmaps.batch_size", lambda _: 2)
    image, labels = scene()
    steps, seen, heatmap = explained(image, labels), [], []
    for step in steps:
        seen += step.partial.cells.ids.tolist()
        assert len(step.partial) == len(step.partial.crops) == len(step.partial.crop_heatmaps) == 2
        assert (step.done, step.total) == (len(seen), 4)
        heatmap.append((step.partial.heatmap > 0).sum())
    assert sorted(seen) == sorted(NUMBERS)
    assert heatmap == sorted(heatmap)
    assert heatmap[0] < heatmap[-1]


def test_a_slow_method_can_be_stopped_after_every_cell(explained: Callable[..., Any]) -> None:
    assert [step.done for step in explained(*scene(), method="integrated-gradients")] == [1, 2, 3, 4]
    assert [step.done for step in explained(*scene(), method="saliency")] == [2, 4]


def test_a_class_may_be_asked_for_by_name(explained: Callable[..., Any]) -> None:
    image, labels = scene()
    found = [finish(explained(image, labels, method="grad-cam-middle", target=t)) for t in ("micronucleus", "none")]
    assert [each.targets.tolist() for each in found] == [[0] * 4, [1] * 4]
    assert not np.allclose(found[0].crop_heatmaps, found[1].crop_heatmaps)


def test_without_cells_there_is_no_heat(explained: Callable[..., Any]) -> None:
    image, labels = scene()
    found: Explained = finish(explained(image, 0 * labels))
    assert len(found) == 0
    assert found.heatmap.shape == labels.shape
    assert not found.heatmap.any()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "layer-7"}, RecipeError, "No heatmap 'layer-7' of alexnet_attention. Known: layer-5, layer-6"),
        ({"target": "blast"}, RecipeError, "No class 'blast' of the weights untrained. Known: predicted, micronucleus"),
        ({"only": [3, 4]}, AnnotationError, "No cell 4 in the labels"),
    ],
)
def test_what_cannot_be_explained_is_said_before_anything_is_computed(
    explained: Callable[..., Any], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        next(explained(*scene(), **options))


def test_labels_of_another_image_are_refused(explained: Callable[..., Any]) -> None:
    image, labels = scene()
    with pytest.raises(ImageError, match="140 x 189 pixels"):
        next(explained(image, labels[:, :-1]))


def test_nothing_is_left_in_a_mode_in_which_others_could_not_train(explained: Callable[..., Any]) -> None:
    steps = explained(*scene(), method="grad-cam")
    next(steps)
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    steps.close()


@pytest.mark.parametrize(
    ("name", "method", "kept"),
    [
        ("alexnet_attention", "occlusion", True),
        ("resnet18_cbam", "cbam-1", False),
        ("resnet18_attention", "layer-2", False),
    ],
)
def test_only_what_needs_no_gradient_is_computed_by_a_runtime(
    name: str,
    method: str,
    kept: bool,
    card: Cards,
    network: Callable[..., CellClassifier],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of = card(name)
    trained = classifier.NetworkClassifier(network(of), of)
    monkeypatch.setattr(classifier.NetworkClassifier, "load", classmethod(lambda *_: trained))
    recipe = ExplanationRecipe(method=method, runtime="openvino" if method == "cbam-1" else "torch")
    loaded = finish(load_steps(of, recipe, torch.device("cpu")))
    assert (loaded.network is trained.network) == kept
    assert loaded.runtime.versions == {"torch": torch.__version__}
    assert bool(note_on(loaded, recipe)) == (recipe.runtime == "openvino")


@pytest.mark.parametrize(
    ("method", "precision", "noted"),
    [("grad-cam", "half", True), ("grad-cam", "int8", True), ("cbam-1", "int8", True), ("cbam-1", "half", False)],
)
def test_a_note_says_that_torch_computed_in_more_bits(
    method: str,
    precision: str,
    noted: bool,
    card: Cards,
    network: Callable[..., CellClassifier],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of = card("resnet18_cbam")
    trained = classifier.NetworkClassifier(network(of), of)
    monkeypatch.setattr(classifier.NetworkClassifier, "load", classmethod(lambda *_: trained))
    recipe = ExplanationRecipe(method=method, precision=precision)
    said = note_on(finish(load_steps(of, recipe, torch.device("cpu"))), recipe)
    assert (f"The method {method} looks into the network as it was trained" in " ".join(said)) == noted


def test_a_heatmap_is_of_a_cell_as_it_lies(nucleated: ClassifierCard) -> None:
    recipe = ExplanationRecipe(method="grad-cam")
    assert finish(load_steps(nucleated.seeing(8), recipe, torch.device("cpu"))).network.views == 1
