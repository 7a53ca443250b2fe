"""What computes a network in use: torch, or OpenVINO for the parts of it that are nothing but convolutions.

What lies around the parts (regions, heads, suppression) stays as it is; training and gradients need torch's own
network.
"""

from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Protocol, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from napari_hemalens.config.options import PrecisionName, RuntimeName
from napari_hemalens.errors import DeviceError
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.converted import ConvertedPart, flat, is_kept
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.folding import example_image, folded_classifier, folded_detector, sharing
from napari_hemalens.models.white_ground import WhiteGround
from napari_hemalens.progress import Progress, Steps

T = TypeVar("T")

PREPARING = "preparing weights (once)"
"""What a person reads while weights are converted."""

_Part: TypeAlias = tuple[Any, *tuple[Tensor, ...]]  # a module, and what it takes

_CONVERTED: WeakKeyDictionary[nn.Module, Any] = WeakKeyDictionary()  # by the folded network, which stays in memory


class Runtime(Protocol):
    """Computes networks in use, with the numbers that torch computes.

    What returns a network yields where that takes time: the first time that this machine sees its weights.
    """

    @property
    def versions(self) -> dict[str, str]:
        """The packages that a result depends on, and their versions."""

    def detector_steps(self, network: CellDetector) -> Steps[CellDetector]:
        """Return a detector that finds the same; see `folding.folded_detector`."""

    def classifier_steps(self, network: CellClassifier) -> Steps[CellClassifier]:
        """Return a classifier that names alike; see `folding.folded_classifier`."""


class RuntimeOptions(Protocol):
    """What a recipe says of how a network is computed."""

    @property
    def runtime(self) -> RuntimeName:
        """What computes."""

    @property
    def precision(self) -> PrecisionName:
        """Of the numbers."""


class TorchRuntime:
    """torch itself, with batch normalisation folded into the convolutions."""

    @property
    def versions(self) -> dict[str, str]:
        """Return the version of torch."""
        return {"torch": str(torch.__version__)}

    def detector_steps(self, network: CellDetector) -> Steps[CellDetector]:
        """Return a detector that finds the same; see `Runtime.detector_steps`."""
        yield from ()
        return folded_detector(network)

    def classifier_steps(self, network: CellClassifier) -> Steps[CellClassifier]:
        """Return a classifier that names alike; see `Runtime.classifier_steps`."""
        yield from ()
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

    def detector_steps(self, network: CellDetector) -> Steps[CellDetector]:
        """Return a detector that finds the same; see `Runtime.detector_steps`."""
        folded = folded_detector(network)
        if folded not in _CONVERTED:
            _CONVERTED[folded] = yield from _convert_detector_steps(folded)
        fast: CellDetector = _CONVERTED[folded]
        return fast

    def classifier_steps(self, network: CellClassifier) -> Steps[CellClassifier]:
        """Return a classifier that names alike; see `Runtime.classifier_steps`."""
        folded = folded_classifier(network)
        if folded.stages not in _CONVERTED:
            _CONVERTED[folded.stages] = yield from _convert_stages_steps(folded.stages, folded.input_channels)
        fast: CellClassifier = sharing(folded)
        fast.stages = _CONVERTED[folded.stages]
        return fast


def run_on_steps(recipe: RuntimeOptions, device: torch.device, prepare: Callable[[Runtime], Steps[T]]) -> Steps[T]:
    """Return what is prepared for the runtime of a recipe; with 'auto', for torch where OpenVINO cannot compute it.

    Raises
    ------
    DeviceError
        As `choose_runtime`; or if OpenVINO is asked for and cannot compute the network.
    """
    try:
        return (yield from prepare(choose_runtime(recipe, device)))
    except DeviceError:
        if recipe.runtime != "auto":
            raise
        return (yield from prepare(TorchRuntime()))  # which the result states


def choose_runtime(recipe: RuntimeOptions, device: torch.device) -> Runtime:
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


def _convert_detector_steps(network: CellDetector) -> Steps[CellDetector]:
    with torch.inference_mode():
        image = example_image(network, 3)
        levels = network.backbone(image)
    pyramid, head = yield from _convert_steps((network.backbone, image), (_Apart(network.rpn.head), *levels.values()))
    fast: CellDetector = sharing(network)
    fast.rpn = sharing(network.rpn)
    fast.backbone, fast.rpn.head = _Named(pyramid, tuple(levels)), _Levels(head)
    return fast


def _convert_stages_steps(stages: nn.ModuleList, channels: int) -> Steps[nn.ModuleList]:
    image, grounds, parts = example_image(stages, channels), list[list[nn.Module]](), list[_Part]()
    for stage in stages:
        layers = list(stage.children())
        ground = layers[:1] if layers and isinstance(layers[0], WhiteGround) else []  # it counts pixels: not dynamic
        with torch.inference_mode():
            seen = ground[0](image) if ground else image
            image = stage(image)
        grounds.append(ground)
        parts.append((nn.Sequential(*layers[1:]) if ground else stage, seen))
    converted = yield from _convert_steps(*parts)
    return nn.ModuleList(nn.Sequential(*ground, _One(part)) for ground, part in zip(grounds, converted, strict=True))


@torch.inference_mode()
def _convert_steps(*parts: _Part) -> Steps[list[nn.Module]]:
    """Convert parts of a network; yields before each that is converted for the first time."""
    converted: list[nn.Module] = []
    for part, *examples in parts:
        if not is_kept(part):
            yield Progress(0, 0, PREPARING)
        converted.append(ConvertedPart(part, *examples))
    return converted


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
