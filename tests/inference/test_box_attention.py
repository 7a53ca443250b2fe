"""Attention of detections: in the frame of the image, whatever the tiles, and only where the network has some."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import napari_hemalens
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.inference.box_attention import attend_steps
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detector_protocol import NetworkDetector
from napari_hemalens.models.storage import load_detector
from napari_hemalens.progress import finish
from napari_hemalens.slides.axes import from_array


def test_the_attention_of_each_cell_comes_with_it_when_it_is_asked_for(attentive: DetectorCard) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    rgb[100:160, 80:150] = (90, 40, 130)
    options = {"weights": str(attentive.folder / "attentive.json"), "pixel_size_um": 0.1, "score_threshold": 0.05}
    cells, attention = napari_hemalens.detect(rgb, return_attention=True, **options)
    plain = napari_hemalens.detect(rgb, **options)
    assert len(cells) > 0
    np.testing.assert_array_equal(cells.boxes, plain.boxes)
    assert attention.attention.shape == (len(cells), 7, 7)
    assert_allclose(attention.attention.sum(axis=(1, 2)), 1, rtol=1e-4)
    assert_allclose(attention.probabilities.sum(axis=1), 1, rtol=1e-4)
    half = (cells.boxes[:, 2:] - cells.boxes[:, :2]) * 0.75
    middle = (cells.boxes[:, 2:] + cells.boxes[:, :2]) / 2
    assert_allclose(attention.windows, np.concatenate([middle - half, middle + half], axis=1), atol=0.05)


def test_attention_does_not_depend_on_the_tiles(attentive: DetectorCard) -> None:
    rng = np.random.default_rng(1)
    slide = from_array(rng.integers(0, 255, (400, 640, 3), dtype=np.uint8), axes="YXC")
    boxes = np.array([[50, 60, 90, 100], [190, 300, 230, 350], [300, 560, 350, 600]])
    detector = NetworkDetector(load_detector(attentive, torch.device("cpu")), attentive)
    size = attentive.pixel_size_um
    whole, tiled = (
        finish(attend_steps(slide, boxes, detector, pixel_size_um=size, recipe=DetectionRecipe(tile=tile, overlap=192)))
        for tile in (1024, 384)
    )
    assert_allclose(tiled.windows, whole.windows, atol=1e-3)
    assert_allclose(tiled.attention, whole.attention, atol=0.02)
    assert_allclose(tiled.probabilities, whole.probabilities, atol=0.05)


def test_weights_without_attention_are_refused_before_detection() -> None:
    with pytest.raises(WeightsError, match="marrow-lite are of faster_rcnn_cascade, which has no attention"):
        napari_hemalens.detect(np.zeros((64, 64, 3), np.uint8), return_attention=True, weights="marrow-lite")
