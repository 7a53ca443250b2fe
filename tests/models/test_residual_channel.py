"""Residual groups as the stages of a classifier."""

from pathlib import Path

import pytest
import torch
from torch import nn

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.models.attention.residual_channel import ResidualChannelBlock, ResidualGroup
from napari_hemalens.models.classifiers import CellClassifier, build_classifier
from napari_hemalens.models.storage import save_network


def built(network: str, classes: int = 2, **options: object) -> CellClassifier:
    torch.manual_seed(0)
    return build_classifier(ClassifierRecipe.from_options(network=network, **options), classes).eval()


def test_residual_channel_attention_has_one_group_per_stage() -> None:
    network = built("residual_channel_attention", classes=4, batch_norm=True)
    seen, sides = torch.rand(1, 3, 64, 96), []
    for stage in network.stages:
        groups = [module for module in stage.modules() if isinstance(module, ResidualGroup)]
        assert len(groups) == 1
        assert sum(isinstance(module, ResidualChannelBlock) for module in groups[0].modules()) == 4
        seen = stage(seen)
        sides.append(tuple(seen.shape[-2:]))
    assert sides == [(16, 24), (8, 12), (4, 6)]
    assert not any(module.inplace for module in network.modules() if isinstance(module, nn.ReLU))


def test_a_file_of_residual_channel_attention_is_a_few_megabytes(tmp_path: Path) -> None:
    save_network(built("residual_channel_attention", classes=4, batch_norm=True), tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size < 3e6


def test_residual_channel_attention_has_no_weights_of_imagenet() -> None:
    with pytest.raises(WeightsError, match="no ImageNet weights of residual_channel_attention"):
        built("residual_channel_attention", start="imagenet")
