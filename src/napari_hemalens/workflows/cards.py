"""The model cards of the weights that are there: what each finds or names, at which threshold, and how. No torch."""

from napari_hemalens.models.weights import (
    AnyCard,
    ClassifierCard,
    DetectorCard,
    ModelCard,
    classifier_card,
    detector_card,
    explainable_card,
    model_card,
)
from napari_hemalens.models.weights import known as known_weights

__all__ = [
    "AnyCard",
    "ClassifierCard",
    "DetectorCard",
    "ModelCard",
    "classifier_card",
    "detector_card",
    "explainable_card",
    "known_weights",
    "model_card",
]
