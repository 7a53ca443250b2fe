import math

import numpy as np
import pytest
import torch

from napari_hemalens.models.attention.srm import SRM


@pytest.mark.parametrize("training", [True, False])
def test_each_channel_is_scaled_by_its_mean_and_deviation(training: bool) -> None:
    torch.manual_seed(0)
    block = SRM(3).double().train(training)
    with torch.no_grad():
        block.norm.weight.uniform_(0.5, 2)
        block.norm.bias.normal_()
        block.norm.running_mean.normal_()
        block.norm.running_var.uniform_(0.5, 2)
    means, variances = block.norm.running_mean.tolist(), block.norm.running_var.tolist()
    gains, offsets = block.norm.weight.tolist(), block.norm.bias.tolist()
    x = torch.randn(4, 3, 2, 5).double()
    with torch.no_grad():
        found = block(x).numpy()
    for c in range(3):
        scores = []
        for n in range(4):
            places = [float(v) for v in x[n, c].flatten()]
            mean = sum(places) / 10
            deviation = math.sqrt(sum((v - mean) ** 2 for v in places) / 10 + 1e-5)
            first, second = block.combine.weight[c, 0].tolist()
            scores.append(first * mean + second * deviation)
        if training:
            means[c] = sum(scores) / 4
            variances[c] = sum((score - means[c]) ** 2 for score in scores) / 4
        for n in range(4):
            normalised = (scores[n] - means[c]) / math.sqrt(variances[c] + 1e-5)
            weight = 1 / (1 + math.exp(-(gains[c] * normalised + offsets[c])))
            np.testing.assert_allclose(found[n, c], x[n, c].numpy() * weight, atol=1e-12)


def test_channels_do_not_look_at_each_other() -> None:
    torch.manual_seed(0)
    block, x = SRM(3).eval(), torch.randn(2, 3, 4, 4)
    changed = x.clone()
    changed[:, 0] += 5
    with torch.no_grad():
        torch.testing.assert_close(block(changed)[:, 1:], block(x)[:, 1:])
        assert not torch.allclose(block.weights(changed)[:, 0], block.weights(x)[:, 0])


def test_it_has_two_weights_a_channel_and_a_normalisation() -> None:
    assert sum(p.numel() for p in SRM(64).parameters()) == 64 * 2 + 64 * 2


def test_features_of_one_place_have_a_gradient() -> None:
    x = torch.randn(4, 3, 1, 1, requires_grad=True)
    SRM(3)(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
