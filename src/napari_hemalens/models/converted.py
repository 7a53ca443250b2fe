"""Parts of networks that OpenVINO computes: converted once, kept in the user's cache folder, compared with torch.

A file of the cache is named after all that it depends on: the part's layers and numbers, and the version of OpenVINO.
One that is damaged is made anew.
"""

import hashlib
import tempfile
import warnings
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from platformdirs import user_cache_path
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from napari_hemalens.atomic import writing
from napari_hemalens.errors import DeviceError

_FORMAT = "1"
_APART = 1e-4  # of the largest number: what OpenVINO's numbers may be off torch's


class ConvertedPart(nn.Module):
    """A part of a network on OpenVINO: images (N, C, H, W) float32 in, the same tensors out in their order, as a tuple.

    Raises
    ------
    DeviceError
        If OpenVINO cannot compute the part, or computes other numbers than torch.
    """

    def __init__(self, part: nn.Module, *examples: Tensor) -> None:
        super().__init__()
        channels_last = _ChannelsLast(part)
        try:
            self.request = _compiled(_kept(channels_last, examples)).create_infer_request()
            self.lock = Lock()
            self._compare(part, [torch.cat([example.flip(2), example.mT], dim=3) for example in examples])
        except RuntimeError as error:
            raise DeviceError(f"OpenVINO cannot compute these weights, choose torch: {error}") from error

    def forward(self, *images: Tensor) -> tuple[Tensor, ...]:
        """Return what the part makes of images."""
        given = [image.permute(0, 2, 3, 1).contiguous().numpy() for image in images]
        with self.lock:  # a request computes one thing at a time
            found = self.request.infer(given, share_inputs=True)
        tensors = [torch.from_numpy(array) for array in found.values()]
        return tuple(tensor.permute(0, 3, 1, 2) for tensor in tensors)

    def _compare(self, part: nn.Module, images: list[Tensor]) -> None:
        """Refuse a part whose numbers are not torch's, on images of another size than it was converted with."""
        with torch.inference_mode():
            pairs = list(zip(self(*images), flat(part(*images)), strict=True))
        if any((a - b).abs().max() > _APART * b.abs().max().clamp(min=1) for a, b in pairs):
            raise DeviceError("OpenVINO computes other numbers than torch from these weights; choose torch.")


def flat(outputs: Any) -> tuple[Tensor, ...]:
    """Return the tensors of nested tuples, lists and mappings, in their order."""
    if isinstance(outputs, Tensor):
        return (outputs,)
    inner = outputs.values() if isinstance(outputs, dict) else outputs
    return tuple(tensor for each in inner for tensor in flat(each))


def is_kept(part: nn.Module) -> bool:
    """Return whether a part was converted before; else it takes its time."""
    return _file(_ChannelsLast(part)).is_file()


def cache_folder() -> Path:
    """Return the folder of converted parts, which may not be there yet."""
    return user_cache_path("napari-hemalens", appauthor=False) / "openvino"


class _ChannelsLast(nn.Module):
    """A part whose inputs and outputs are (N, H, W, C), as torch has them in memory: nothing is copied on the way."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part
        self.eval()

    def forward(self, *images: Tensor) -> tuple[Tensor, ...]:
        outputs = self.part(*(image.permute(0, 3, 1, 2) for image in images))
        return tuple(output.permute(0, 2, 3, 1) for output in flat(outputs))


def _kept(part: nn.Module, examples: tuple[Tensor, ...]) -> Any:
    """Return OpenVINO's model of a part, from the cache where it is there and whole."""
    file = _file(part)
    ov: Any = import_module("openvino")
    try:
        kept = load_file(file)
        if _digest(kept) != bytes(kept["sha256"].tolist()):
            raise SafetensorError("other bytes")
    except (OSError, KeyError, SafetensorError):
        kept = _convert(ov, part, examples)
        _keep(kept, file)
    return ov.Core().read_model(bytes(kept["model"].tolist()).decode(), ov.Tensor(kept["weights"].numpy()))


def _keep(kept: dict[str, Tensor], file: Path) -> None:
    try:
        with writing(file) as whole:
            save_file(kept, whole)
    except OSError as error:  # a full disk, a folder that nobody may write to: converted anew the next time
        warnings.warn(f"Converted weights cannot be kept in {file.parent}: {error}.", stacklevel=2)


def _convert(ov: Any, part: nn.Module, examples: tuple[Tensor, ...]) -> dict[str, Tensor]:
    given = tuple(example.permute(0, 2, 3, 1).contiguous() for example in examples)
    shapes = [ov.PartialShape([-1, -1, -1, image.shape[3]]) for image in given]
    with warnings.catch_warnings(), torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # torch calls tracing old, and warns of sizes that are compared below
        traced = torch.jit.trace(part, given, check_trace=False)
        model = ov.convert_model(traced, example_input=given, input=shapes)
        xml = Path(folder) / "part.xml"
        ov.save_model(model, xml, compress_to_fp16=False)
        names, numbers = _bytes(xml), _bytes(xml.with_suffix(".bin"))
    made = {"model": names, "weights": numbers}
    return {**made, "sha256": torch.tensor(list(_digest(made)), dtype=torch.uint8)}


def _bytes(file: Path) -> Tensor:
    return torch.frombuffer(bytearray(file.read_bytes()), dtype=torch.uint8)


def _compiled(model: Any) -> Any:
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "INFERENCE_PRECISION_HINT": "f32",
    }
    return import_module("openvino").Core().compile_model(model, "CPU", options)


def _file(part: nn.Module) -> Path:
    digest = hashlib.sha256(f"{_FORMAT} {version('openvino')} {part}".encode())
    for tensor in part.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    return cache_folder() / f"{digest.hexdigest()[:32]}.safetensors"


def _digest(kept: dict[str, Tensor]) -> bytes:
    return hashlib.sha256(kept["model"].numpy().tobytes() + kept["weights"].numpy().tobytes()).digest()
