"""What a figure was measured on."""

import os
import platform
from importlib import metadata
from pathlib import Path


def machine(*packages: str) -> str:
    """Return processor, cores, memory, GPU, system and the versions of `packages`, as one line."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    parts = [f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB", _gpu(), platform.system()]
    versions = [f"Python {platform.python_version()}", *(f"{name} {metadata.version(name)}" for name in packages)]
    return "; ".join([*parts, ", ".join(versions)])


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def _gpu() -> str:
    import torch  # noqa: PLC0415 -- import times are measured without it

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
