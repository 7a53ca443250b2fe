import numpy as np
import torch
from torch import nn

from napari_hemalens.models.attention.residual_channel import MeanAttention, ResidualChannelBlock, ResidualGroup


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def numbers(layer: nn.Module) -> tuple[np.ndarray, np.ndarray]:
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def convolved(x: np.ndarray, layer: nn.Conv2d) -> np.ndarray:
    """Return a convolution of (C, H, W) by 3 x 3, written out."""
    kernel, bias = numbers(layer)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    out = np.empty((len(kernel), *x.shape[1:]))
    for row in range(x.shape[1]):
        for column in range(x.shape[2]):
            seen = padded[:, row : row + 3, column : column + 3]
            out[:, row, column] = (kernel * seen).sum(axis=(1, 2, 3)) + bias
    return out


def weighted(x: np.ndarray, block: MeanAttention) -> np.ndarray:
    (down, at_down), (up, at_up) = (numbers(block.score[i]) for i in (0, 2))
    means = np.array([channel.sum() / channel.size for channel in x])  # z
    scale = sigmoid(up @ np.maximum(down @ means + at_down, 0) + at_up)  # s = f(W_U delta(W_D z))
    return np.stack([channel * s for channel, s in zip(x, scale, strict=True)])


def added(x: np.ndarray, block: ResidualChannelBlock) -> np.ndarray:
    first, _, second = block.body
    return x + weighted(convolved(np.maximum(convolved(x, first), 0), second), block.attention)


def test_each_channel_is_scaled_by_a_weight_that_all_means_decide() -> None:
    torch.manual_seed(0)
    block, x = MeanAttention(8, reduction=4).double(), torch.randn(2, 8, 5, 3).double()
    with torch.inference_mode():
        found = block(x).numpy()
    for n in range(2):
        np.testing.assert_allclose(found[n], weighted(x[n].numpy(), block), atol=1e-12)


def test_a_block_adds_two_convolutions_whose_channels_are_weighted() -> None:
    torch.manual_seed(0)
    block, x = ResidualChannelBlock(4, reduction=2).double(), torch.randn(1, 4, 5, 6).double()
    with torch.inference_mode():
        np.testing.assert_allclose(block(x).numpy()[0], added(x[0].numpy(), block), atol=1e-12)


def test_a_group_adds_a_convolution_of_its_blocks_to_what_came_in() -> None:
    torch.manual_seed(0)
    group, x = ResidualGroup(4, blocks=2, reduction=2).double(), torch.randn(1, 4, 5, 6).double()
    expected = x[0].numpy()
    for block in group.blocks:
        expected = added(expected, block)
    expected = x[0].numpy() + convolved(expected, group.last[0])
    with torch.inference_mode():
        np.testing.assert_allclose(group(x).numpy()[0], expected, atol=1e-12)


def test_few_channels_are_narrowed_to_one_at_least() -> None:
    assert MeanAttention(8, reduction=16).score[0].out_features == 1
    assert MeanAttention(64).score[0].out_features == 4


def test_every_convolution_is_normalised_where_that_is_asked_for() -> None:
    group = ResidualGroup(4, blocks=3, normalise=True)
    kinds = [type(module) for module in group.modules()]
    assert kinds.count(nn.BatchNorm2d) == kinds.count(nn.Conv2d) == 7
    assert not any(isinstance(module, nn.BatchNorm2d) for module in ResidualGroup(4, blocks=3).modules())
