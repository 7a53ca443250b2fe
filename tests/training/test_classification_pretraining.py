"""Pretraining shows every nucleated cell, and only the body of the detector learns from it."""

import numpy as np
import pytest
import torch

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.models.detectors import build_detector
from napari_hemalens.records.detections import Detections
from napari_hemalens.training.classification_pretraining import CellNamer, SingleCells, pretraining_recipe

NAMES = ("blast", "lymphocyte", "erythrocyte")


@pytest.fixture(scope="module")
def field() -> Detections:
    boxes = np.array([[10 * k, 10, 10 * k + 8, 18] for k in range(12)], np.float32)
    classes = np.array([0, 0, 1, *[2] * 9])
    return Detections.from_arrays(boxes, np.ones(12), classes, names=NAMES, image_shape=(200, 200))


def test_red_cells_are_as_many_as_a_nucleated_class_has_on_average(field: Detections) -> None:
    cells = SingleCells([field], NAMES, DetectionTraining())
    kinds = field.classes[[k for _, k in cells.cells]]
    assert np.bincount(kinds).tolist()[:2] == [2, 1]  # every nucleated cell
    assert 1 <= (kinds == 2).sum() < 9


def test_the_loss_reaches_the_body_and_no_other_part_of_the_detector() -> None:
    detector = build_detector(NetworkRecipe(size="laptop"), len(NAMES))
    namer = CellNamer(detector, len(NAMES))
    targets = [{"labels": torch.tensor([k + 1])} for k in range(2)]
    losses = namer(torch.rand(2, 3, 64, 64), targets)
    assert losses.keys() == {"loss_name"}
    losses["loss_name"].backward()
    assert any(p.grad is not None for p in detector.backbone.body.parameters())
    assert all(p.grad is None for p in detector.rpn.parameters())


def test_pretraining_takes_no_more_crops_per_step_than_there_are() -> None:
    recipe = DetectionTraining(batch=4, pretraining_epochs=3, learning_rate=0.01)
    crops = pretraining_recipe(recipe, 100)
    assert (crops.epochs, crops.batch, crops.learning_rate) == (3, 16, 0.02)
    assert pretraining_recipe(recipe, 5).batch == 5
