"""Two copies of LLVM in one process: software OpenGL (Mesa) brings one, triton, which torch looks for, another.

Loading triton after Mesa's LLVM ends the process with a segmentation fault (Mesa 22 with LLVM 15, torch 2.15, triton
of the same release; torchvision.ops imports torch._dynamo, which imports triton). Nothing here is compiled by triton.
"""

import sys
from pathlib import Path

_MAPS = Path("/proc/self/maps")  # what is loaded into this process; Linux only, as triton is


def keep_triton_out() -> None:
    """Hide triton from torch where it is not loaded yet and Mesa's LLVM is; elsewhere change nothing."""
    if "triton" not in sys.modules and _MAPS.exists() and "libLLVM" in _MAPS.read_text(encoding="utf-8"):
        sys.modules["triton"] = None  # type: ignore[assignment] # importing it now says that it is not installed
