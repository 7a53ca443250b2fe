"""Where to compute, in words that a person understands."""

import os

import torch
from torch import Tensor

from napari_hemalens.config.options import DeviceName
from napari_hemalens.errors import DeviceError


def _compute_alone() -> None:
    """Compute on one core: the threads of OpenMP do not live on in a forked process, and torch would wait for them."""
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, which knows no fork
    os.register_at_fork(after_in_child=_compute_alone)


def available() -> tuple[tuple[DeviceName, str], ...]:
    """Return this machine's devices as (name, words), the fastest first; there is always a CPU."""
    found: list[tuple[DeviceName, str]] = []
    if torch.cuda.is_available():
        found.append(("cuda", f"GPU: {torch.cuda.get_device_name()}"))
    if torch.backends.mps.is_available():
        found.append(("mps", "GPU: Apple silicon"))
    found.append(("cpu", f"CPU ({os.cpu_count()} cores)"))
    return tuple(found)


def moved(images: Tensor, device: torch.device) -> Tensor:
    """Return images on a device; to an NVIDIA GPU they are copied while it still computes what came before."""
    if device.type != "cuda" or images.device.type != "cpu":
        return images.to(device)
    return images.pin_memory().to(device, non_blocking=True)


def choose(name: DeviceName = "auto") -> torch.device:
    """Return a device by name, the fastest for 'auto'.

    Raises
    ------
    DeviceError
        If this machine has no such device.
    """
    here = dict(available())
    if name == "auto":
        return torch.device(next(iter(here)))
    if name not in here:
        raise DeviceError(
            f"No device {name!r} on this machine. Known here: {', '.join(here)} ({'; '.join(here.values())})."
        )
    return torch.device(name)
