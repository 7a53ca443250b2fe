"""Forward passes over many images: as many at once as a GPU has memory for, in numbers of 16 bits where asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from napari_hemalens.config.options import PrecisionName
from napari_hemalens.errors import DeviceError

T = TypeVar("T")


@dataclass(slots=True)
class ForwardPasses:
    """Runs what computes images, and remembers how many a device has room for.

    Attributes
    ----------
    precision : PrecisionName
        Of the numbers.
    most : int or None
        Images in a pass; None: all that are given. It falls where a GPU's memory is too small.
    one : str
        What there is no room for if there is none for a single image, and what to do about it.
    """

    precision: PrecisionName = "single"
    most: int | None = None
    one: str = "one crop; use the CPU"

    def run(self, images: Tensor, compute: Callable[[Tensor], T]) -> list[T]:
        """Return what `compute` makes of each part of images (N, ...), in their order.

        Raises
        ------
        DeviceError
            If a single image does not fit into memory, or the device has no numbers of 16 bits and they are asked for.
        """
        numbers = autocast(images.device, self.precision)
        while True:
            at_once = min(len(images), self.most or len(images))
            try:
                with numbers:
                    return [compute(part) for part in torch.split(images, max(1, at_once))]
            except torch.OutOfMemoryError as error:
                if at_once <= 1:
                    raise DeviceError(f"Not enough GPU memory for {self.one}.") from error
                self.most = at_once // 2
            torch.cuda.empty_cache()  # once the error, and with it all that the pass had made, is gone


def autocast(device: torch.device, precision: PrecisionName) -> torch.autocast:
    """Return what lets a forward pass take numbers of 16 bits, where they are asked for.

    Raises
    ------
    DeviceError
        If they are, and what proposes regions cannot have them on this device.
    """
    half = precision == "half"
    if half and device.type not in {"cuda", "cpu"}:
        raise DeviceError(f"Half precision is for NVIDIA GPUs, not for {device.type}; choose single.")
    return torch.autocast(device.type, torch.float16, enabled=half)
