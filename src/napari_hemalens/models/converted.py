"""Parts of networks that OpenVINO computes: converted once, kept in the user's cache folder, compared with torch."""

import warnings
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn

from napari_hemalens.config.options import PrecisionName
from napari_hemalens.errors import DeviceError
from napari_hemalens.models import int8_cards, weights_folders
from napari_hemalens.models.kept_models import KeptModel, drop_unused, key_of, note_use

_APART = {"single": 1e-4, "half": 0.2}  # of the largest number: what OpenVINO's numbers may be off torch's


class ConvertedPart(nn.Module):
    """A part of a network on OpenVINO: images (N, C, H, W) float32 in, the same tensors out in their order, as a tuple.

    Parameters
    ----------
    part : Module
        What is computed.
    *examples : (N, C, H, W) float32
        What it takes.
    precision : PrecisionName
        Of the numbers within: float32, bfloat16, or int8, whose form has to be there (`quantised`).
    folder : Path or None
        Where forms of int8 are; None: in the user's cache folder.

    Raises
    ------
    DeviceError
        If OpenVINO cannot compute the part, or computes other numbers than torch; or there is no form of int8.
    """

    def __init__(
        self, part: nn.Module, *examples: Tensor, precision: PrecisionName = "single", folder: Path | None = None
    ) -> None:
        super().__init__()
        channels_last = _ChannelsLast(part)
        self.key = key_of(channels_last)
        try:
            if precision == "int8":
                self.kept = _quantised(folder or int8_cards.folder_of(), self.key)
            else:
                self.kept = _converted(channels_last, examples)
            self.request = _compiled(self.kept.load(), precision).create_infer_request()
            self.lock = Lock()
            if precision != "int8":  # which was compared on images when it was made
                tried = [torch.cat([example.flip(2), example.mT], dim=3) for example in examples]
                self._compare(part, tried, _APART[precision])
        except DeviceError:  # which says what to do
            raise
        except RuntimeError as error:
            raise DeviceError(f"OpenVINO cannot compute these weights, choose torch: {error}") from error

    def forward(self, *images: Tensor) -> tuple[Tensor, ...]:
        """Return what the part makes of images."""
        with self.lock:  # a request computes one thing at a time
            found = self.request.infer([as_given(image) for image in images], share_inputs=True)
        tensors = [torch.from_numpy(array) for array in found.values()]
        return tuple(tensor.permute(0, 3, 1, 2) for tensor in tensors)

    def _compare(self, part: nn.Module, images: list[Tensor], apart: float) -> None:
        """Refuse a part whose numbers are not torch's, on images of another size than it was converted with."""
        with torch.inference_mode():
            pairs = list(zip(self(*images), flat(part(*images)), strict=True))
        if any((a - b).abs().max() > apart * b.abs().max().clamp(min=1) for a, b in pairs):
            raise DeviceError("OpenVINO computes other numbers than torch from these weights; choose torch.")


def flat(outputs: Any) -> tuple[Tensor, ...]:
    """Return the tensors of nested tuples, lists and mappings, in their order."""
    if isinstance(outputs, Tensor):
        return (outputs,)
    inner = outputs.values() if isinstance(outputs, dict) else outputs
    return tuple(tensor for each in inner for tensor in flat(each))


def as_given(image: Tensor) -> Any:
    """Return images (N, C, H, W) as OpenVINO's model of a part takes them: an array (N, H, W, C)."""
    return image.permute(0, 2, 3, 1).contiguous().numpy()


def has_bfloat16() -> bool:
    """Return whether OpenVINO says that this processor computes in bfloat16."""
    return "BF16" in import_module("openvino").Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def parts_of(*networks: nn.Module) -> list[ConvertedPart]:
    """Return the parts of networks that OpenVINO computes."""
    return [part for network in networks for part in network.modules() if isinstance(part, ConvertedPart)]


def is_kept(part: nn.Module) -> bool:
    """Return whether a part was converted before; else it takes its time."""
    return _file(key_of(_ChannelsLast(part))).is_file()


def quantised_file(folder: Path, key: str) -> Path:
    """Return where a part's form of int8 is kept, by the key of the part."""
    return folder / f"{key}.safetensors"


class _ChannelsLast(nn.Module):
    """A part whose inputs and outputs are (N, H, W, C), as torch has them in memory: nothing is copied on the way."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part
        self.eval()

    def forward(self, *images: Tensor) -> tuple[Tensor, ...]:
        outputs = self.part(*(image.permute(0, 3, 1, 2) for image in images))
        return tuple(output.permute(0, 2, 3, 1) for output in flat(outputs))


def _file(key: str) -> Path:
    return weights_folders.cache_folder() / f"{key}.safetensors"


def _converted(part: nn.Module, examples: tuple[Tensor, ...]) -> KeptModel:
    """Return OpenVINO's model of a part, from the cache where it is there and whole."""
    file = _file(key_of(part))
    kept = KeptModel.read(file)
    if kept is None:
        kept = _convert(part, examples)
        kept.write(file)
        drop_unused(file.parent)
    else:
        note_use(file)
    return kept


def _quantised(folder: Path, key: str) -> KeptModel:
    kept = KeptModel.read(quantised_file(folder, key))
    if kept is None:
        raise DeviceError(
            "There is no form of int8 of these weights for this version of OpenVINO on this machine; "
            "`hemalens weights quantise` makes it. Or choose single precision."
        )
    return kept


def _convert(part: nn.Module, examples: tuple[Tensor, ...]) -> KeptModel:
    ov: Any = import_module("openvino")
    given = tuple(example.permute(0, 2, 3, 1).contiguous() for example in examples)
    shapes = [ov.PartialShape([-1, -1, -1, image.shape[3]]) for image in given]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch calls tracing old, and warns of sizes that are compared below
        traced = torch.jit.trace(part, given, check_trace=False)
        return KeptModel.of(ov.convert_model(traced, example_input=given, input=shapes))


def _compiled(model: Any, precision: PrecisionName) -> Any:
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "INFERENCE_PRECISION_HINT": "f32" if precision == "single" or not has_bfloat16() else "bf16",
    }
    return import_module("openvino").Core().compile_model(model, "CPU", options)
