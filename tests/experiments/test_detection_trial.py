"""AP is followed on images of every kind, the same ones each time."""

from pathlib import Path

import torch

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.experiments.detection_trial import sample_fields, without_regression
from napari_hemalens.models.detectors import build_detector
from napari_hemalens.training.detection import read_data


def test_images_that_are_watched_are_of_every_kind_and_always_the_same(fields: Path) -> None:
    first, second = read_data([fields], None).val[:2]
    by_class = (first,) * 50 + (second,) * 50
    watched = sample_fields(by_class, 10)
    assert {f.provenance.image for f in watched} == {first.provenance.image, second.provenance.image}
    assert watched == sample_fields(by_class, 10)
    assert len(sample_fields(by_class, 200)) == 100


def test_a_head_that_does_not_regress_leaves_regions_where_they_are() -> None:
    torch.manual_seed(0)
    network = build_detector(NetworkRecipe(size="laptop"), classes=3).eval()
    named = without_regression(network)
    with torch.inference_mode():
        seen = torch.rand(5, named.roi_heads.box_predictor.bbox_pred.in_features)
        _, changes = named.roi_heads.box_predictor(seen)
        _, before = network.roi_heads.box_predictor(seen)
    assert not changes.any()
    assert before.any()
