"""Detected cells are named from crops of their own; red cells keep their class, and hypotheses agree with counts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.inference.merging import one_class_per_cell
from napari_hemalens.inference.naming import hypotheses, look, name_cells_steps
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.novelty import Novelty
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.tasks import task
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.slide import Slide

NAMES = task("nucleated").classes
MARROW, BLOOD = DetectionRecipe(), DetectionRecipe(tissue="blood")
SHADES = {"monocyte": 60, "blast": 100, "basophil": 140}


class Shades(nn.Module):
    """Names a cell by the shade in the middle of its crop, and remembers the crops."""

    def __init__(self, sureness: float = 8.0) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))
        self.sureness, self.seen = sureness, list[Tensor]()

    def name_and_embed(self, images: Tensor) -> tuple[Tensor, Tensor]:
        self.seen.append(images.clone())
        middle = images[:, :, images.shape[-1] // 2, images.shape[-1] // 2].mean(dim=1)  # (n,)
        shades = torch.full((len(NAMES),), 9.0)
        for name, shade in SHADES.items():
            shades[NAMES.index(name)] = (shade / 255 - 0.5) / 0.25  # as `normalised` has it, or near enough
        logits = -self.sureness * (middle[:, None] - shades).abs()
        return logits, torch.stack([middle.cos(), middle.sin()], dim=1)


@pytest.fixture
def card(nucleated: ClassifierCard) -> ClassifierCard:
    return nucleated.model_copy(update={"crop": CropRecipe(side=32, width=16.0, unit="um"), "temperature": 1.0})


@pytest.fixture
def classifier(card: ClassifierCard) -> NetworkClassifier:
    return NetworkClassifier(Shades(), card)  # type: ignore[arg-type]


@pytest.fixture
def slide() -> Slide:
    """Discs of 10 um at 0.2 um a pixel: a monocyte, a blast, a red cell, and a basophil at the edge."""
    image = np.full((300, 400, 3), 230, np.uint8)
    y, x = np.mgrid[:300, :400]
    for (cy, cx), shade in zip(CENTRES, (60, 100, 180, 140), strict=True):
        image[np.hypot(y + 0.5 - cy, x + 0.5 - cx) < 25] = shade
    return from_array(image)


CENTRES = ((60, 80), (200, 100), (60, 300), (280, 380))


@pytest.fixture
def found() -> Detections:
    """All of them, as a detector that calls every nucleated cell a lymphocyte."""
    boxes = [[cy - 25, cx - 25, cy + 25, cx + 25] for cy, cx in CENTRES]
    names = ("lymphocyte", "erythrocyte")
    scores, classes = [0.9, 0.8, 0.7, 0.6], [0, 0, 1, 0]
    return Detections.from_arrays(boxes, scores, classes, names=names, recognised=names, image_shape=(300, 400))


def named(slide: Slide, found: Detections, by: NetworkClassifier, recipe: DetectionRecipe = MARROW) -> Detections:
    return finish(name_cells_steps(slide, found, by, recipe, pixel_size_um=0.2))


def test_each_nucleated_cell_is_named_from_its_own_crop(
    slide: Slide, found: Detections, classifier: NetworkClassifier
) -> None:
    cells = named(slide, found, classifier)
    assert cells.class_names.tolist() == ["monocyte", "blast", "erythrocyte", "basophil"]
    np.testing.assert_array_equal(cells.scores, found.scores)
    np.testing.assert_array_equal(cells.boxes, found.boxes)
    assert cells.naming is not None
    assert cells.naming.asked.tolist() == [True, True, False, True]
    assert set(NAMES) <= set(cells.recognised)


@pytest.mark.parametrize("size", [0.1, 0.2, 0.4])
def test_a_crop_is_as_wide_as_the_card_says_in_micrometres(
    slide: Slide, found: Detections, classifier: NetworkClassifier, size: float
) -> None:
    finish(name_cells_steps(slide, found.take(np.array([0])), classifier, MARROW, pixel_size_um=size))
    (crops,) = classifier.network.seen  # type: ignore[attr-defined]
    dark = crops[0].mean(dim=0) < crops[0].mean(dim=0).max() - 0.5
    assert crops.shape == (1, 3, 32, 32)
    assert float(dark.float().mean()) == pytest.approx(min(1.0, np.pi * (25 * size / 16) ** 2), abs=0.05)
    if size < 0.4:
        y, x = dark.nonzero().float().mean(dim=0).tolist()
        assert (y, x) == (pytest.approx(15.5, abs=0.5), pytest.approx(15.5, abs=0.5))


def test_naming_tells_how_far_it_is(slide: Slide, found: Detections, classifier: NetworkClassifier) -> None:
    steps = list(name_cells_steps(slide, found, classifier, MARROW, pixel_size_um=0.2))
    assert (steps[-1].done, steps[-1].total) == (3, 3)
    assert steps[-1].message == "naming cell 3 of 3"


def test_where_there_is_nothing_to_name_nothing_is_asked(
    slide: Slide, found: Detections, classifier: NetworkClassifier
) -> None:
    red = named(slide, found.take(found.class_names == "erythrocyte"), classifier)
    none = named(slide, found.take(np.zeros(4, dtype=bool)), classifier)
    assert (red.class_names.tolist(), len(none)) == (["erythrocyte"], 0)
    assert classifier.network.seen == []  # type: ignore[attr-defined]
    assert hypotheses(none).names == none.names


def test_a_kind_that_the_classifier_does_not_know_stays_the_detectors(
    slide: Slide, found: Detections, classifier: NetworkClassifier
) -> None:
    names = ("plasma_cell", "erythrocyte", "lymphocyte")
    told = replace(found, names=names, recognised=names, classes=np.array([0, 2, 1, 0]))
    cells = named(slide, told, classifier)
    assert cells.class_names.tolist() == ["plasma_cell", "blast", "erythrocyte", "plasma_cell"]
    assert cells.naming is not None
    assert cells.naming.asked.tolist() == [False, True, False, False]


def test_the_tissue_prior_can_be_switched_off(slide: Slide, found: Detections, card: ClassifierCard) -> None:
    vague = NetworkClassifier(Shades(sureness=1.5), card)  # type: ignore[arg-type]
    assert named(slide, found, vague).class_names[1] == "blast"
    assert named(slide, found, vague, BLOOD).class_names[1] != "blast"
    without = BLOOD.model_copy(update={"tissue_prior": False})
    assert named(slide, found, vague, without).class_names[1] == "blast"


def test_probabilities_are_calibrated_and_novelty_is_measured_where_known(card: ClassifierCard) -> None:
    pixels = torch.full((2, 3, 32, 32), 60, dtype=torch.uint8)
    cold, warm = (
        look(NetworkClassifier(Shades(), card.model_copy(update={"temperature": t})), pixels)[0]  # type: ignore[arg-type]
        for t in (1.0, 4.0)
    )
    assert cold.max() > warm.max() > 1 / len(NAMES)
    np.testing.assert_allclose(warm.sum(axis=1), 1, rtol=1e-5)
    assert np.isnan(look(NetworkClassifier(Shades(), card), pixels)[1]).all()  # type: ignore[arg-type]
    novelty = Novelty(torch.zeros(2), torch.eye(2), torch.zeros(1, 2), far=0.5)
    measured = look(NetworkClassifier(Shades(), card, novelty), pixels)[1]  # type: ignore[arg-type]
    np.testing.assert_allclose(measured, 2, rtol=1e-5)  # embeddings have length 1


@pytest.mark.parametrize("recipe", [MARROW, BLOOD], ids=["marrow", "blood"])
def test_the_best_hypothesis_of_a_cell_is_the_class_it_is_counted_under(
    slide: Slide, found: Detections, card: ClassifierCard, recipe: DetectionRecipe
) -> None:
    vague = NetworkClassifier(Shades(sureness=1.5), card)  # type: ignore[arg-type]
    counted = named(slide, found, vague, recipe)
    offered = hypotheses(counted)
    assert counted.naming is not None
    assert len(offered) > len(counted)
    for box, score, name in zip(counted.boxes, counted.scores, counted.class_names, strict=True):
        of_cell = offered.take((offered.boxes == box).all(axis=1))
        assert of_cell.class_names[0] == name  # best first
        assert of_cell.scores.sum() <= score + 1e-5
    once = one_class_per_cell(offered, 0.5)
    assert once.counts() == counted.counts()


def test_hypotheses_are_likely_enough_and_score_by_their_probability(
    slide: Slide, found: Detections, card: ClassifierCard
) -> None:
    counted = named(slide, found, NetworkClassifier(Shades(sureness=1.5), card))  # type: ignore[arg-type]
    offered = hypotheses(counted)
    assert counted.naming is not None
    first = offered.take((offered.boxes == counted.boxes[0]).all(axis=1))
    likely = counted.naming.probabilities[0]
    assert sorted(first.scores.tolist()) == pytest.approx(sorted((0.9 * likely[likely >= 0.05]).tolist()))
    red = offered.take(offered.class_names == "erythrocyte")
    assert red.scores.tolist() == pytest.approx([0.7])


def test_cells_that_no_classifier_named_have_the_hypotheses_they_had(found: Detections) -> None:
    assert hypotheses(found) is found
    assert hypotheses(replace(found, naming=None)).naming is None
