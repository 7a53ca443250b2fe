"""Probabilities are logits divided by the temperature of the card; labels have to be of the image."""

import numpy as np
import pytest
import torch

from napari_hemalens.errors import ImageError
from napari_hemalens.inference.classifier import calibrated, check_same_image
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array


def test_probabilities_are_softened_by_the_temperature(untrained_classifier: ClassifierCard) -> None:
    card = untrained_classifier.model_copy(update={"temperature": 2.0})
    logits = torch.tensor([[2.0, 0.0]])
    expected = np.exp(1) / (np.exp(1) + 1)
    torch.testing.assert_close(calibrated(logits, card)[0, 0].item(), expected, rtol=1e-6, atol=0)


def test_labels_of_another_size_are_refused() -> None:
    slide = from_array(np.zeros((40, 50, 3), np.uint8))
    with pytest.raises(ImageError, match="The labels are 40 x 40 pixels, the image is 40 x 50"):
        check_same_image(slide, CellMap.whole((40, 40)))
