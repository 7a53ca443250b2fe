import math

import numpy as np
import pytest
import torch

from napari_hemalens.models.attention.eca import ECA, adaptive_kernel_size


@pytest.mark.parametrize("k", [1, 3, 9])
def test_each_channel_is_scaled_by_the_sigmoid_of_its_k_neighbours_means(k: int) -> None:
    torch.manual_seed(0)
    block = ECA(k).double()
    x = torch.randn(2, 12, 4, 5).double()
    kernel = block.conv.weight.detach().numpy()[0, 0]
    with torch.inference_mode():
        found = block(x).numpy()
    for n in range(2):
        means = [x[n, c].numpy().sum() / 20 for c in range(12)]
        for c in range(12):
            neighbours = range(c - k // 2, c + k // 2 + 1)
            score = sum(kernel[i] * means[j] for i, j in enumerate(neighbours) if 0 <= j < 12)
            np.testing.assert_allclose(found[n, c], x[n, c].numpy() / (1 + math.exp(-score)), atol=1e-12)


def test_the_paper_takes_nine_neighbours_which_are_all_its_parameters() -> None:
    assert sum(p.numel() for p in ECA().parameters()) == 9


@pytest.mark.parametrize(("channels", "size"), [(16, 3), (64, 3), (128, 5), (256, 5), (512, 5), (2048, 7)])
def test_the_adaptive_size_is_the_odd_number_of_the_formula(channels: int, size: int) -> None:
    assert adaptive_kernel_size(channels) == size
    wanted = (math.log2(channels) + 1) / 2
    assert abs(size - wanted) == min(abs(odd - wanted) for odd in (1, 3, 5, 7, 9))


def test_shape_is_kept_also_where_there_are_fewer_channels_than_neighbours() -> None:
    x = torch.randn(2, 4, 3, 6)
    assert ECA(9)(x).shape == x.shape


def test_gradients_reach_kernel_and_features() -> None:
    torch.manual_seed(0)
    block, x = ECA(), torch.randn(1, 16, 3, 3, requires_grad=True)
    block(x).square().sum().backward()
    assert block.conv.weight.grad is not None
    assert block.conv.weight.grad.abs().min() > 0
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
