import numpy as np
import pytest
import torch

from napari_hemalens.models.attention.spatial import FusedSpatialAttention


def convolved(weight: np.ndarray, features: np.ndarray) -> np.ndarray:
    """1x1 convolution, place by place."""
    channels, height, width = len(weight), *features.shape[1:]
    out = np.zeros((channels, height, width))
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                out[c, y, x] = sum(weight[c, k, 0, 0] * features[k, y, x] for k in range(len(features)))
    return out


def enlarged(features: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear interpolation between the centres of pixels; the border goes on outwards."""
    height, width = features.shape[1:]
    out = np.zeros((len(features), *size))
    for row in range(size[0]):
        for column in range(size[1]):
            y = max(0.0, (row + 0.5) * height / size[0] - 0.5)
            x = max(0.0, (column + 0.5) * width / size[1] - 0.5)
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
            top = (1 - (x - x0)) * features[:, y0, x0] + (x - x0) * features[:, y0, x1]
            bottom = (1 - (x - x0)) * features[:, y1, x0] + (x - x0) * features[:, y1, x1]
            out[:, row, column] = (1 - (y - y0)) * top + (y - y0) * bottom
    return out


def test_the_block_is_equations_1_to_5_of_wei_et_al_written_out() -> None:
    torch.manual_seed(0)
    block = FusedSpatialAttention(middle=3, last=4, hidden=5).double()
    middle, last = torch.randn(2, 3, 7, 6).double(), torch.randn(2, 4, 3, 3).double()
    w_l, w_m, w = (layer.weight.detach().numpy() for layer in (block.lead, block.follow, block.score))
    with torch.inference_mode():
        attended, attention = block.attend(middle, last)
    for n in range(2):
        m = middle[n].numpy()
        f_l = enlarged(convolved(w_l, last[n].numpy()), (7, 6))
        f_m = convolved(w_m, m)
        f = convolved(w, np.maximum(f_l + f_m, 0))[0]
        a = 1 / (1 + np.exp(-f))
        np.testing.assert_allclose(attention[n], a, atol=1e-12)
        for y in range(7):
            for x in range(6):
                np.testing.assert_allclose(attended[n, :, y, x], a[y, x] * m[:, y, x], atol=1e-12)


def test_the_paper_brings_both_features_to_256_channels() -> None:
    block = FusedSpatialAttention(middle=384, last=256)
    assert block.lead.weight.shape == (256, 256, 1, 1)
    assert block.follow.weight.shape == (256, 384, 1, 1)
    assert block.score.weight.shape == (1, 256, 1, 1)


@pytest.mark.parametrize(
    ("middle", "last"), [((13, 13), (6, 6)), ((28, 20), (7, 5)), ((4, 4), (1, 1)), ((5, 5), (5, 5))]
)
def test_layers_of_any_size_go_together(middle: tuple[int, int], last: tuple[int, int]) -> None:
    block = FusedSpatialAttention(middle=8, last=6, hidden=4)
    features = torch.randn(2, 8, *middle)
    attended, attention = block.attend(features, torch.randn(2, 6, *last))
    assert attended.shape == features.shape
    assert attention.shape == (2, *middle)
    assert 0 < attention.min() <= attention.max() < 1


def test_without_scores_every_place_weighs_half() -> None:
    block = FusedSpatialAttention(middle=8, last=6, hidden=4)
    torch.nn.init.zeros_(block.score.weight)
    features = torch.randn(1, 8, 5, 5)
    torch.testing.assert_close(block(features, torch.randn(1, 6, 2, 2)), features / 2)


def test_gradients_reach_every_weight_and_both_layers() -> None:
    torch.manual_seed(0)
    block = FusedSpatialAttention(middle=8, last=6, hidden=4)
    middle, last = torch.randn(1, 8, 5, 5, requires_grad=True), torch.randn(1, 6, 2, 2, requires_grad=True)
    block(middle, last).square().sum().backward()
    for tensor in (middle, last, *block.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0
