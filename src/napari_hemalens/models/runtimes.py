"""What computes a network in use: torch, or OpenVINO for the parts of it that are nothing but convolutions.

What lies around the parts (regions, heads, suppression) stays as it is; training and gradients need torch's own
network.
"""

from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import DeviceError
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.converted import ConvertedPart, flat
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.folding import example_image, folded_classifier, folded_detector, sharing
from napari_hemalens.models.white_ground import WhiteGround


class Runtime(Protocol):
    """Computes networks in use, with the numbers that torch computes."""

    @property
    def versions(self) -> dict[str, str]:
        """The packages that a result depends on, and their versions."""

    def detector(self, network: CellDetector) -> CellDetector:
        """Return a detector that finds the same; see `folding.folded_detector`."""

    def classifier(self, network: CellClassifier) -> CellClassifier:
        """Return a classifier that names alike; see `folding.folded_classifier`."""


class TorchRuntime:
    """torch itself, with batch normalisation folded into the convolutions."""

    @property
    def versions(self) -> dict[str, str]:
        """Return the version of torch."""
        return {"torch": str(torch.__version__)}

    def detector(self, network: CellDetector) -> CellDetector:
        """Return a detector that finds the same; see `Runtime.detector`."""
        return folded_detector(network)

    def classifier(self, network: CellClassifier) -> CellClassifier:
        """Return a classifier that names alike; see `Runtime.classifier`."""
        return folded_classifier(network)


class OpenVinoRuntime:
    """OpenVINO for the pyramid of a detector, what proposes regions on it, and the stages of a classifier.

    Raises
    ------
    DeviceError
        By its methods: if OpenVINO cannot compute a network, or computes other numbers than torch.
    """

    @property
    def versions(self) -> dict[str, str]:
        """Return the versions of both packages that compute."""
        return {**TorchRuntime().versions, "openvino": version("openvino")}

    def detector(self, network: CellDetector) -> CellDetector:
        """Return a detector that finds the same; see `Runtime.detector`."""
        return _converted_detector(folded_detector(network))

    def classifier(self, network: CellClassifier) -> CellClassifier:
        """Return a classifier that names alike; see `Runtime.classifier`."""
        folded = folded_classifier(network)
        fast: CellClassifier = sharing(folded)
        fast.stages = _converted_stages(folded.stages, folded.input_channels)
        return fast


def choose_runtime(recipe: DetectionRecipe, device: torch.device) -> Runtime:
    """Return the runtime of a recipe; 'auto': OpenVINO on a processor, in 32 bits, where it is installed; else torch.

    Raises
    ------
    DeviceError
        If OpenVINO is asked for and not installed, or computes on no such device or in no such precision.
    """
    installed = find_spec("openvino") is not None
    fits = device.type == "cpu" and recipe.precision == "single"
    if recipe.runtime == "torch" or (recipe.runtime == "auto" and not (installed and fits)):
        return TorchRuntime()
    if not installed:
        raise DeviceError("The runtime openvino needs OpenVINO: pip install 'napari-hemalens[fast]'.")
    if not fits:
        raise DeviceError("The runtime openvino computes on the CPU in single precision; choose those, or torch.")
    return OpenVinoRuntime()


@lru_cache(maxsize=2)
@torch.inference_mode()
def _converted_detector(network: CellDetector) -> CellDetector:
    image = example_image(network, 3)
    levels = network.backbone(image)
    fast: CellDetector = sharing(network)
    fast.rpn = sharing(network.rpn)
    fast.backbone = _Named(ConvertedPart(network.backbone, image), tuple(levels))
    fast.rpn.head = _Levels(ConvertedPart(_Apart(network.rpn.head), *levels.values()))
    return fast


@lru_cache(maxsize=2)
@torch.inference_mode()
def _converted_stages(stages: nn.ModuleList, channels: int) -> nn.ModuleList:
    image, converted = example_image(stages, channels), list[nn.Module]()
    for stage in stages:
        layers = list(stage.children())
        grounded = layers[:1] if layers and isinstance(layers[0], WhiteGround) else []  # it counts pixels: not dynamic
        part = nn.Sequential(*layers[1:]) if grounded else stage
        seen = grounded[0](image) if grounded else image
        converted.append(nn.Sequential(*grounded, _One(ConvertedPart(part, seen))))
        image = stage(image)
    return nn.ModuleList(converted)


class _One(nn.Module):
    """A part with one output."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.part(images)[0]
        return found


class _Named(nn.Module):
    """A part whose outputs have names."""

    def __init__(self, part: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.part, self.names = part, names

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return dict(zip(self.names, self.part(images), strict=True))


class _Apart(nn.Module):
    """A head of several levels that takes each as an input of its own."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, *levels: Tensor) -> tuple[Tensor, ...]:
        return flat(self.head(list(levels)))


class _Levels(nn.Module):
    """The other way round: a list of levels in, objectness and box changes of each out."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part

    def forward(self, levels: list[Tensor]) -> tuple[list[Any], list[Any]]:
        said = list(self.part(*levels))
        return said[: len(levels)], said[len(levels) :]
