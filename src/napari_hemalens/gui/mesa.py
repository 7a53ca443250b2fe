"""What ends the process where Mesa draws in software: on machines without a graphics card, and remote ones.

Two copies of LLVM: Mesa brings one, triton, which torch looks for, another. Loading triton after Mesa's LLVM is a
segmentation fault (Mesa 22 with LLVM 15, torch 2.15, triton of the same release; torchvision.ops imports
torch._dynamo, which imports triton). Nothing here is compiled by triton.

Removing a layer: napari lets vispy delete its programs in whichever context is current, which mostly is the one by
which Qt puts the window together. Deleted there, a program that the canvas draws with leaves a null pointer behind, and
the next drawing but one is a segmentation fault (Mesa 22.3, vispy 0.17, napari 0.9, without any plugin). Clear, Undo
and the fields of a folder remove such layers.
"""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

_MAPS = Path("/proc/self/maps")  # what is loaded into this process; Linux only, as triton is
_WITH_LLVM: set[Path] = set()  # what was found to hold it, which stays so: reading it takes longer than a frame should


def work_around_mesa() -> None:
    """Hide triton from torch, and finish in a canvas's own context, where Mesa's LLVM is loaded; only there."""
    if not _is_loaded(_MAPS):
        return
    if "triton" not in sys.modules:
        sys.modules["triton"] = None  # type: ignore[assignment] # importing it now says that it is not installed
    if "vispy.gloo.context" in sys.modules:
        sys.modules["vispy.gloo.context"].GLContext.finish = _finish


def _is_loaded(maps: Path) -> bool:
    if maps not in _WITH_LLVM and maps.exists() and "libLLVM" in maps.read_text(encoding="utf-8"):
        _WITH_LLVM.add(maps)
    return maps in _WITH_LLVM


def _finish(context: Any) -> None:
    """Carry out what waits, which is when vispy deletes, in the context of the canvas itself."""
    with suppress(RuntimeError):  # its canvas is gone
        context.shared.ref._vispy_set_current()
    sys.modules["vispy.gloo.context"].BaseGlooFunctions.finish(context)
