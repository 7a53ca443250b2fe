"""Rectifiers that hooks reach: capped ones take the place of ReLU6, and only in a copy."""

import torch
from torch import Tensor, nn

from napari_hemalens.heatmaps.rectifiers import Capped, reachable


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.cap = nn.ReLU6()

    def forward(self, x: Tensor) -> Tensor:
        return self.cap(self.conv(x)).mean(dim=(2, 3))


def test_a_capped_rectifier_is_relu6() -> None:
    x = torch.linspace(-3, 9, 25)
    torch.testing.assert_close(Capped()(x), nn.ReLU6()(x))


def test_the_network_itself_keeps_its_rectifiers() -> None:
    network, x = Small().eval(), torch.randn(2, 1, 8, 8)
    copied = reachable(network, (x,), "a network")
    assert isinstance(network.cap, nn.ReLU6)
    assert isinstance(copied.get_submodule("cap"), Capped)
    torch.testing.assert_close(copied(x), network(x))
