"""What computes a network in use: torch, or OpenVINO for the parts of it that are nothing but convolutions.

What lies around the parts (regions, heads, suppression) stays as it is; training and gradients need torch's own
network.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from napari_hemalens.config.options import PrecisionName, RuntimeName
from napari_hemalens.errors import DeviceError
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.converted import ConvertedPart, flat, has_bfloat16, is_kept, parts_of
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.folding import example_image, folded_classifier, folded_detector, sharing
from napari_hemalens.models.region_heads import with_rows_heads
from napari_hemalens.models.white_ground import WhiteGround
from napari_hemalens.progress import Progress, Steps

T = TypeVar("T")

PREPARING = "preparing weights (once)"
"""What a person reads while weights are converted."""

_Part: TypeAlias = tuple[Any, *tuple[Tensor, ...]]  # a module, and what it takes
_Convert: TypeAlias = Callable[..., Steps[list[nn.Module]]]

# By the precision, or the folder of forms, and the folded network, which stays in memory.
_CONVERTED: dict[PrecisionName | Path, WeakKeyDictionary[nn.Module, Any]] = defaultdict(WeakKeyDictionary)


class Runtime(Protocol):
    """Computes networks in use, with the numbers that torch computes.

    What returns a network yields where that takes time: the first time that this machine sees its weights.
    """

    @property
    def versions(self) -> dict[str, str]:
        """The packages that a result depends on, and their versions."""

    @property
    def torch_precision(self) -> PrecisionName:
        """Of the numbers that torch computes by, in forward passes of what is returned."""

    def detector_steps(self, network: CellDetector) -> Steps[CellDetector]:
        """Return a detector that finds the same; see `folding.folded_detector` and `region_heads`."""

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


@dataclass(frozen=True, slots=True)
class TorchRuntime:
    """torch itself, with batch normalisation folded into the convolutions; in single or half precision."""

    torch_precision: PrecisionName = "single"

    @property
    def versions(self) -> dict[str, str]:
        """Return the version of torch."""
        return {"torch": str(torch.__version__)}

    def detector_steps(self, network: CellDetector) -> Steps[CellDetector]:
        """Return a detector that finds the same; see `Runtime.detector_steps`."""
        yield from ()
        return with_rows_heads(folded_detector(network))

    def classifier_steps(self, network: CellClassifier) -> Steps[CellClassifier]:
        """Return a classifier that names alike; see `Runtime.classifier_steps`."""
        yield from ()
        return folded_classifier(network)


@dataclass(slots=True)
class OpenVinoRuntime:
    """OpenVINO for the pyramid of a detector, what proposes regions on it, and the stages of a classifier.

    What lies around is left to torch, in 32 bits, but for what it sees in regions: that, and all of int8 that is in no
    8 bits, is in 16 where the processor has them. With int8, the stages of a classifier are in 32 bits.

    Attributes
    ----------
    precision : PrecisionName
        Of the numbers: float32, bfloat16, or int8.
    folder : Path or None
        Of the forms of int8; None: in the user's cache folder.

    Raises
    ------
    DeviceError
        By its methods: if OpenVINO cannot compute a network, or computes other numbers than torch.
    """

    precision: PrecisionName = "single"
    folder: Path | None = None
    _calibrations: set[str] = field(default_factory=set, init=False, compare=False)

    @property
    def versions(self) -> dict[str, str]:
        """Return the versions of both packages that compute; of int8, what its numbers were fitted to, too."""
        fitted = {"int8 calibration": " ".join(sorted(self._calibrations))} if self._calibrations else {}
        return {**TorchRuntime().versions, "openvino": version("openvino"), **fitted}

    @property
    def torch_precision(self) -> PrecisionName:
        """Return single precision: of what little is left to torch."""
        return "single"

    def detector_steps(self, network: CellDetector) -> Steps[CellDetector]:
        """Return a detector that finds the same; see `Runtime.detector_steps`."""
        folded = folded_detector(network)
        known = _CONVERTED[self.folder or self.precision]
        if folded not in known:
            few_bits = self.precision != "single" and has_bfloat16()
            seen = with_rows_heads(folded, torch.bfloat16 if few_bits else torch.float32)
            known[folded] = yield from _convert_detector_steps(seen, self._convert_steps)
        fast: CellDetector = known[folded]
        about = (part.kept.about for part in parts_of(fast))
        self._calibrations.update(each["calibration"][:12] for each in about if "calibration" in each)
        return fast

    def classifier_steps(self, network: CellClassifier) -> Steps[CellClassifier]:
        """Return a classifier that names alike; see `Runtime.classifier_steps`."""
        if self.precision == "int8":  # in which it names too few cells right
            return (yield from OpenVinoRuntime().classifier_steps(network))
        folded = folded_classifier(network)
        known = _CONVERTED[self.precision]
        if folded.stages not in known:
            known[folded.stages] = yield from _convert_stages_steps(folded, self._convert_steps)
        fast: CellClassifier = sharing(folded)
        fast.stages = known[folded.stages]
        return fast

    @torch.inference_mode()
    def _convert_steps(self, *parts: _Part) -> Steps[list[nn.Module]]:
        """Convert parts of a network; yields before each that is converted for the first time."""
        converted: list[nn.Module] = []
        for part, *examples in parts:
            if self.precision != "int8" and not is_kept(part):
                yield Progress(0, 0, PREPARING)
            converted.append(ConvertedPart(part, *examples, precision=self.precision, folder=self.folder))
        return converted


def run_on_steps(recipe: RuntimeOptions, device: torch.device, prepare: Callable[[Runtime], Steps[T]]) -> Steps[T]:
    """Return what is prepared for the runtime of a recipe; with 'auto', for torch where OpenVINO cannot compute it.

    In 32 bits alone: who asks for fewer is told why there are none.

    Raises
    ------
    DeviceError
        As `choose_runtime`; or if OpenVINO is asked for and cannot compute the network.
    """
    try:
        return (yield from prepare(choose_runtime(recipe, device)))
    except DeviceError:
        if recipe.runtime != "auto" or recipe.precision != "single":
            raise
        return (yield from prepare(TorchRuntime()))  # which the result states


def forget(precision: PrecisionName) -> None:
    """Forget networks in a precision, whose parts have changed on disk."""
    _CONVERTED.pop(precision, None)


def choose_runtime(recipe: RuntimeOptions, device: torch.device) -> Runtime:
    """Return the runtime of a recipe; 'auto': OpenVINO on a processor where it is installed; else torch.

    On a processor, 'auto' has only OpenVINO compute in fewer than 32 bits, which torch is slower with.

    Raises
    ------
    DeviceError
        If OpenVINO is asked for and not installed, or computes on no such device or in no such precision; or what is
        to compute has no such precision.
    """
    precision = recipe.precision
    if recipe.runtime == "torch" or (device.type != "cpu" and recipe.runtime == "auto"):
        if precision == "int8":
            raise DeviceError("Precision int8 is for OpenVINO on the CPU; choose that, or single precision.")
        return TorchRuntime(precision)
    refusal = _refusal(precision, device)
    if refusal is None:
        return OpenVinoRuntime(precision)
    if recipe.runtime == "auto" and precision == "single":
        return TorchRuntime()
    raise DeviceError(refusal)


def _refusal(precision: PrecisionName, device: torch.device) -> str | None:
    """Return why OpenVINO cannot compute; None: it can."""
    if device.type != "cpu":
        return f"The runtime openvino computes on the CPU, and the device is {device.type}; choose that, or torch."
    if find_spec("openvino") is None:
        asks = "The runtime openvino" if precision == "single" else f"Precision {precision} on the CPU"
        return f"{asks} needs OpenVINO: pip install 'napari-hemalens[fast]'."
    if precision == "half" and not has_bfloat16():
        return "This processor has no numbers of 16 bits (bfloat16), so that half is no faster; choose single or int8."
    return None


def _convert_detector_steps(network: CellDetector, convert: _Convert) -> Steps[CellDetector]:
    with torch.inference_mode():
        image = example_image(network, 3)
        levels = network.backbone(image)
    parts = (network.backbone, image), (_Apart(network.rpn.head), *levels.values())
    pyramid, head = yield from convert(*parts)
    fast: CellDetector = sharing(network)
    fast.rpn = sharing(network.rpn)
    fast.backbone, fast.rpn.head = _Named(pyramid, tuple(levels)), _Levels(head)
    return fast


def _convert_stages_steps(network: CellClassifier, convert: _Convert) -> Steps[nn.ModuleList]:
    image, grounds, parts = example_image(network, network.input_channels), list[list[nn.Module]](), list[_Part]()
    for stage in network.stages:
        layers = list(stage.children())
        ground = layers[:1] if layers and isinstance(layers[0], WhiteGround) else []  # it counts pixels: not dynamic
        with torch.inference_mode():
            seen = ground[0](image) if ground else image
            image = stage(image)
        grounds.append(ground)
        parts.append((nn.Sequential(*layers[1:]) if ground else stage, seen))
    converted = yield from convert(*parts)
    return nn.ModuleList(nn.Sequential(*ground, _One(part)) for ground, part in zip(grounds, converted, strict=True))


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
