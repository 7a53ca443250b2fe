"""Models of OpenVINO in the user's cache folder: a file for each part of a network, whole or not there.

A file is named after all that it depends on: the part's layers and numbers, and the version of OpenVINO. What `about`
says of it besides is in its header.
"""

import hashlib
import os
import tempfile
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from napari_hemalens.atomic import writing

KEPT_DAYS = 90
"""How long a model is kept that nobody uses: weights that were trained on, or a version of OpenVINO, that is gone."""

_FORMAT = "1"
_DAY = 24 * 60 * 60  # s


def key_of(part: nn.Module) -> str:
    """Return the hash of a part's layers and numbers, and of the version of OpenVINO."""
    digest = hashlib.sha256(f"{_FORMAT} {version('openvino')} {part}".encode())
    for tensor in part.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class KeptModel:
    """What OpenVINO reads a model from.

    Attributes
    ----------
    model, weights : (bytes,) uint8
        Its layers, as XML; their numbers.
    about : mapping of str to str
        What else is known of it.
    """

    model: Tensor
    weights: Tensor
    about: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Any, about: Mapping[str, str] | None = None) -> Self:
        """Return what is kept of a model."""
        with tempfile.TemporaryDirectory() as folder:
            xml = Path(folder) / "part.xml"
            import_module("openvino").save_model(model, xml, compress_to_fp16=False)
            return cls(_bytes(xml), _bytes(xml.with_suffix(".bin")), about or {})

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Return what a file keeps; None where there is none, or it is damaged."""
        try:
            with safe_open(file, "pt") as kept:
                found = cls(kept.get_tensor("model"), kept.get_tensor("weights"), kept.metadata() or {})
                return found if found._digest() == bytes(kept.get_tensor("sha256").tolist()) else None
        except (OSError, SafetensorError):
            return None

    def write(self, file: Path) -> None:
        """Keep it in a file; a warning where that cannot be written."""
        digest = torch.tensor(list(self._digest()), dtype=torch.uint8)
        try:
            with writing(file) as whole:
                save_file({"model": self.model, "weights": self.weights, "sha256": digest}, whole, dict(self.about))
        except OSError as error:  # a full disk, a folder that nobody may write to
            warnings.warn(f"Converted weights cannot be kept in {file.parent}: {error}.", stacklevel=2)

    def load(self) -> Any:
        """Return OpenVINO's model."""
        ov: Any = import_module("openvino")
        return ov.Core().read_model(bytes(self.model.tolist()).decode(), ov.Tensor(self.weights.numpy()))

    def _digest(self) -> bytes:
        return hashlib.sha256(self.model.numpy().tobytes() + self.weights.numpy().tobytes()).digest()


def note_use(file: Path) -> None:
    """Note that a model is used today."""
    with suppress(OSError):  # a cache that its user may only read
        os.utime(file)


def drop_unused(folder: Path) -> None:
    """Delete the models in a folder that were used for the last time more than `KEPT_DAYS` days ago."""
    for file in folder.glob("*.safetensors"):
        with suppress(OSError):  # another process deletes it, or uses it just now
            if time.time() - file.stat().st_mtime > KEPT_DAYS * _DAY:
                file.unlink()


def _bytes(file: Path) -> Tensor:
    return torch.frombuffer(bytearray(file.read_bytes()), dtype=torch.uint8)
