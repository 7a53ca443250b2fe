"""Cells need labels, whole fields need none."""

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.errors import AnnotationError
from napari_hemalens.models.cards import ClassifierCard


@pytest.fixture
def field() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (100, 140, 3), dtype=np.uint8)


def test_a_whole_field_is_one_cell(field: np.ndarray, untrained_of_fields: ClassifierCard) -> None:
    found = workflows.classify(field, task="field", weights=str(untrained_of_fields.file))
    assert found.ids.tolist() == [1]
    assert found.areas.tolist() == [100 * 140]
    assert found.centres.tolist() == [[49.5, 69.5]]
    assert found.names == ("benign", "early", "pre", "pro")


def test_a_field_says_the_same_under_a_stronger_stain(field: np.ndarray, untrained_of_fields: ClassifierCard) -> None:
    strong = (256 * ((field + 1.0) / 256) ** np.array([1.3, 0.9, 1.1]) - 1).round().clip(0, 255).astype(np.uint8)
    shown = (
        workflows.classify(image, task="field", weights=str(untrained_of_fields.file)) for image in (field, strong)
    )
    first, second = (found.probabilities for found in shown)
    np.testing.assert_allclose(first, second, atol=0.01)


def test_labels_of_a_whole_field_and_cells_without_labels_are_refused(
    field: np.ndarray, untrained_of_fields: ClassifierCard, untrained_classifier: ClassifierCard
) -> None:
    with pytest.raises(AnnotationError, match="name a whole image, not the cells of it: give no labels"):
        workflows.classify(field, np.ones((100, 140), int), task="field", weights=str(untrained_of_fields.file))
    with pytest.raises(AnnotationError, match="untrained-classifier name cells: give labels of them"):
        workflows.classify(field, weights=str(untrained_classifier.file))
