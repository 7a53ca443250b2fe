"""The model cards that the docks read: those of all packed weights, by their kind."""

import pytest

from napari_hemalens.errors import WeightsError
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.workflows import cards


def test_the_packed_weights_are_detectors_and_classifiers() -> None:
    detectors, classifiers = cards.known_weights(cards.DetectorCard), cards.known_weights(cards.ClassifierCard)
    assert "marrow-frcnn" in detectors
    assert {task.weights for task in TASKS.values()} <= set(classifiers)
    assert sorted(detectors + classifiers) == list(cards.known_weights())


def test_a_card_is_found_by_name_and_by_its_kind_alone() -> None:
    name = cards.known_weights(cards.ClassifierCard)[0]
    assert cards.model_card(name) == cards.classifier_card(name)
    with pytest.raises(WeightsError):
        cards.detector_card(name)
    with pytest.raises(WeightsError):
        cards.classifier_card("marrow-frcnn")
