"""The light of a microscope taken out of a crop: empty glass becomes white, whatever the lamp, filter and exposure."""

from typing import Any

import torch
from torch import Tensor, nn

_SHARE = 20  # one pixel in so many is brighter than the ground
_STEP = 4  # pixels: the ground is looked for on a coarser grid
_DARKEST = 0.15  # of full scale: a crop without any glass is not lit up without bounds
_WHITE = 0.9
_BRIGHTEST = 1.035  # of full scale: what shines brighter than glass
RANGE = 2.0
"""Crops come normalised: from -2 (black) to 2 (full scale)."""


class WhiteGround(nn.Module):
    """Divides red, green and blue of each crop by their value in its brightest twentieth (a von Kries adaptation).

    Maps normalised crops (N, 3, H, W) to the same, their ground at 0.9 of full scale.
    """

    def forward(self, crops: Tensor) -> Tensor:
        """Return the crops on white."""
        places = crops[:, :, ::_STEP, ::_STEP].flatten(2)
        brightest = max(1, places.shape[2] // _SHARE)
        ground = (places.topk(brightest, dim=2).values[..., -1][..., None, None] + RANGE) / (2 * RANGE)
        gain = _WHITE / ground.clamp(min=_DARKEST)
        # Of full scale, min(crop * gain, _BRIGHTEST), in two passes: each takes long beside a fast network.
        return torch.addcmul(RANGE * gain - RANGE, crops, gain).clamp(-RANGE, 2 * RANGE * _BRIGHTEST - RANGE)


def with_white_ground(first_stage: Any) -> nn.Sequential:
    """Return the first stage of a network behind the adaptation."""
    return nn.Sequential(WhiteGround(), *first_stage.children())
