"""The oracle moves boxes to the cells that they are on, and never away from them."""

from dataclasses import replace

import numpy as np
import torch

from napari_hemalens.config.networks import RefinementRecipe
from napari_hemalens.experiments.refinement_variants import move_by_truth, take_best_steps
from napari_hemalens.models.attention.actor_critic import matched_iou
from napari_hemalens.records.detections import Detections, Provenance


def test_an_oracle_brings_boxes_to_their_cells_and_leaves_those_on_none() -> None:
    truth = Detections.from_arrays(
        np.array([[10, 10, 30, 30], [50, 50, 70, 70]], np.float32),
        np.ones(2),
        np.zeros(2, int),
        names=("myelocyte", "blast"),
        recognised=("myelocyte", "blast"),
        image_shape=(100, 100),
        provenance=Provenance(image="field", pixel_size_um=0.2),
    )
    boxes = np.array([[12, 10, 32, 30], [80, 80, 90, 90], [52, 52, 72, 72]], np.float32)
    found = replace(truth, boxes=boxes, scores=np.array([0.9, 0.8, 0.7], np.float32), classes=np.array([0, 0, 1]))
    ends = move_by_truth(found, truth, RefinementRecipe(step=0.1, most_steps=5)).boxes
    np.testing.assert_allclose(ends[0], [10, 10, 30, 30], atol=1e-4)
    np.testing.assert_array_equal(ends[1:], boxes[1:])  # one on no cell, one on a cell of another class


def test_the_oracle_never_loses() -> None:
    torch.manual_seed(0)
    corner = torch.rand(50, 2) * 50
    boxes, truth = (torch.cat([corner, corner + 10 + torch.rand(50, 2) * 20], dim=1) for _ in range(2))
    before, after = (matched_iou(b, truth) for b in (boxes, take_best_steps(boxes, truth, RefinementRecipe())))
    assert (after >= before - 1e-6).all()
    assert after.mean() > before.mean() + 0.05
