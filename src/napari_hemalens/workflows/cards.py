"""The model cards of the weights that are there: what each finds or names, at which threshold, and how. No torch."""

from collections.abc import Iterable

from napari_hemalens.config.options import BY_DETECTOR
from napari_hemalens.models.cards import AnyCard, ClassifierCard, DetectorCard, ModelCard
from napari_hemalens.models.weights import classifier_card, detector_card, explainable_card, model_card
from napari_hemalens.models.weights import known as known_weights
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.tasks import TASKS

__all__ = [
    "BY_DETECTOR",
    "AnyCard",
    "ClassifierCard",
    "DetectorCard",
    "ModelCard",
    "answers",
    "changed_weights",
    "classifier_card",
    "describe",
    "detector_card",
    "explainable_card",
    "known_naming",
    "known_weights",
    "label_of",
    "model_card",
]


def answers(card: AnyCard, task: str) -> bool:
    """Return whether weights answer a task: their own, or one whose classes take in theirs."""
    return card.task == task or (isinstance(card, ClassifierCard) and task in TASKS and card.answers(TASKS[task]))


def changed_weights(origins: Iterable[Provenance]) -> tuple[str, ...]:
    """Return a sentence for weights, by which cells were found, that are not installed, or others of the same name."""
    used = {name: sha256 for of in origins for name, sha256 in ((of.weights, of.sha256), *of.naming.items())}
    known = {name: model_card(name).sha256 for name in known_weights()}
    return tuple(
        f"The weights {name} {'have changed since' if name in known else 'are not installed any more by which'} these "
        "cells were found: a new run may find others."
        for name, sha256 in used.items()
        if name and known.get(name) != sha256
    )


def known_naming() -> tuple[str, ...]:
    """Return the weights that can name detected cells: their crops need no outlines."""
    return tuple(name for name in known_weights(ClassifierCard) if not classifier_card(name).crop.needs_labels)


def label_of(card: AnyCard) -> str:
    """Return the name of weights for a menu, with what a user should know before choosing them."""
    notes = {"installed": card.origin == "installed", "non-commercial": card.non_commercial}
    said = [note for note, holds in notes.items() if holds]
    return f"{card.name} ({', '.join(said)})" if said else card.name


def describe(card: AnyCard) -> str:
    """Return what weights are, in a sentence or two; with their licence where they are not the package's own."""
    if card.origin == "packed" and not card.non_commercial:
        return card.description
    return f"{card.description.rstrip('.')}. Licence: {card.terms}"
