import numpy as np
import torch

from napari_hemalens.models.attention.cbam import CBAM, ChannelAttention, SpatialAttention


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_channel_attention_is_equation_2_of_woo_et_al_written_out() -> None:
    torch.manual_seed(0)
    block = ChannelAttention(8, reduction=4).double()
    x = torch.randn(2, 8, 5, 3).double()
    w0, w1 = (block.shared[i].weight.detach().numpy() for i in (0, 2))
    with torch.inference_mode():
        found = block(x).numpy()
    for n in range(2):
        mean = np.array([x[n, c].numpy().mean() for c in range(8)])
        most = np.array([x[n, c].numpy().max() for c in range(8)])
        weights = sigmoid(w1 @ np.maximum(w0 @ mean, 0) + w1 @ np.maximum(w0 @ most, 0))
        for c in range(8):
            np.testing.assert_allclose(found[n, c], weights[c] * x[n, c].numpy(), atol=1e-12)


def test_place_attention_is_equation_3_written_out() -> None:
    torch.manual_seed(0)
    block = SpatialAttention(3).double()
    x = torch.randn(1, 6, 5, 4).double()
    kernel = block.conv.weight.detach().numpy()[0]  # (2, 3, 3): of the mean, of the largest
    described = np.pad(np.stack([x[0].numpy().mean(axis=0), x[0].numpy().max(axis=0)]), ((0, 0), (1, 1), (1, 1)))
    with torch.inference_mode():
        found, attention = block(x).numpy()[0], block.attention(x).numpy()[0]
    for row in range(5):
        for column in range(4):
            weight = sigmoid((kernel * described[:, row : row + 3, column : column + 3]).sum())
            np.testing.assert_allclose(attention[row, column], weight, atol=1e-12)
            np.testing.assert_allclose(found[:, row, column], weight * x[0, :, row, column].numpy(), atol=1e-12)


def test_places_are_weighted_after_channels() -> None:
    torch.manual_seed(0)
    block, x = CBAM(16), torch.randn(2, 16, 7, 7)
    attended, attention = block.attend(x)
    torch.testing.assert_close(attended, block.place(block.channel(x)))
    torch.testing.assert_close(block(x), attended)
    assert attention.shape == (2, 7, 7)
    assert 0 < attention.min() <= attention.max() < 1


def test_the_paper_narrows_by_16_and_looks_7_pixels_wide() -> None:
    block = CBAM(64)
    assert block.channel.shared[0].weight.shape == (4, 64)
    assert block.place.conv.weight.shape == (1, 2, 7, 7)
    assert CBAM(8).channel.shared[0].weight.shape == (1, 8)


def test_gradients_reach_every_weight_and_the_features() -> None:
    torch.manual_seed(3)
    block, x = CBAM(32), torch.randn(2, 32, 6, 6, requires_grad=True)
    block(x).square().sum().backward()
    for tensor in (x, *block.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0
