"""The model cards that the docks read: those of all packed weights, by their kind."""

from dataclasses import replace
from pathlib import Path

import pytest

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.workflows import cards


def test_the_packed_weights_are_detectors_and_classifiers() -> None:
    detectors, classifiers = cards.known_weights(cards.DetectorCard), cards.known_weights(cards.ClassifierCard)
    assert "marrow-lite" in detectors
    assert {task.weights for task in TASKS.values() if task.weights} <= set(classifiers)
    assert sorted(detectors + classifiers) == list(cards.known_weights())


def test_a_card_is_found_by_name_and_by_its_kind_alone() -> None:
    name = cards.known_weights(cards.ClassifierCard)[0]
    assert cards.model_card(name) == cards.classifier_card(name)
    with pytest.raises(WeightsError):
        cards.detector_card(name)
    with pytest.raises(WeightsError):
        cards.classifier_card("marrow-lite")


def test_a_menu_says_what_is_installed_and_what_is_not_for_commerce(installed_weights: Path) -> None:
    packed = cards.detector_card("marrow-lite")
    assert (cards.label_of(packed), cards.describe(packed)) == ("marrow-lite", packed.description)
    own = packed.model_copy(update={"name": "mine", "description": "Mine.", "folder": installed_weights})
    assert cards.label_of(own) == "mine (installed)"
    shared = own.model_copy(update={"licence": "CC BY-NC-SA 4.0"})
    assert cards.label_of(shared) == "mine (installed, non-commercial)"
    assert cards.describe(shared) == "Mine. Licence: non-commercial use only: CC BY-NC-SA 4.0"


def test_weights_are_offered_for_each_task_that_they_answer(nucleated: cards.ClassifierCard) -> None:
    detector = cards.detector_card("marrow-lite")
    assert [name for name in TASKS if cards.answers(nucleated, name)] == ["all", "leukocyte", "nucleated"]
    assert not any(cards.answers(detector, name) for name in TASKS)
    assert cards.answers(detector, detector.task)


def test_weights_whose_crops_need_outlines_do_not_name_detected_cells(
    nucleated: cards.ClassifierCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "known_weights", lambda _: ("leukocyte-types", "mine"))
    packed = cards.classifier_card("leukocyte-types")
    monkeypatch.setattr(cards, "classifier_card", lambda name: nucleated if name == "mine" else packed)
    assert cards.known_naming() == ("mine",)


def test_weights_that_are_others_now_are_named_once():
    name = cards.known_weights(DetectorCard)[0]
    right = Provenance(weights=name, sha256=cards.detector_card(name).sha256)
    other, gone = replace(right, sha256="0"), replace(right, naming={"namer": "1"})
    assert cards.changed_weights([right, Provenance()]) == ()
    changed, absent = cards.changed_weights([other, gone, gone])[-1], cards.changed_weights([gone])
    assert "namer are not installed any more" in changed
    assert absent == (changed,)
    assert f"The weights {name} have changed since" in cards.changed_weights([other])[0]
