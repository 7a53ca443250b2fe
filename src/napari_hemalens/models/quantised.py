"""Converted parts in numbers of 8 bits: their ranges are taken from what the parts are given on images of the user's.

Post-training quantisation by NNCF: weights and activations are rounded, nothing is trained.
"""

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from io import StringIO
from typing import Any, TypeAlias

from torch import Tensor

from napari_hemalens.models.converted import ConvertedPart, as_given
from napari_hemalens.models.kept_models import KeptModel

_MOST = 64  # calls that are kept of each part; more take memory and move ranges no further

Given: TypeAlias = dict[ConvertedPart, list[tuple[Tensor, ...]]]
"""What each part was called with: calls drawn evenly from all."""


@contextmanager
def recording(parts: Sequence[ConvertedPart]) -> Iterator[Given]:
    """Keep what parts are called with, until the context ends."""
    given: Given = {part: [] for part in parts}
    seen = dict.fromkeys(parts, 0)
    draw = random.Random(0)

    def keep(part: Any, images: tuple[Tensor, ...]) -> None:
        kept, seen[part] = given[part], seen[part] + 1
        at = len(kept) if len(kept) < _MOST else draw.randrange(seen[part])
        if at < _MOST:
            kept[at : at + 1] = [tuple(image.clone() for image in images)]

    hooks = [part.register_forward_pre_hook(keep) for part in parts]
    try:
        yield given
    finally:
        for hook in hooks:
            hook.remove()


def quantise(part: ConvertedPart, calls: Sequence[tuple[Tensor, ...]], about: Mapping[str, str]) -> KeptModel:
    """Return the form of int8 of a part that computes in 32 bits.

    Parameters
    ----------
    part : ConvertedPart
        In single precision.
    calls : sequence of tuple of (N, C, H, W) float32
        What it is given in use.
    about : mapping of str to str
        What is kept with it.
    """
    nncf: Any = import_module("nncf")
    nncf.set_log_level(logging.ERROR)
    items = [dict(enumerate(map(as_given, images))) for images in calls]
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):  # it draws bars of its own
        made = nncf.quantize(part.kept.load(), nncf.Dataset(items), subset_size=len(items))
    return KeptModel.of(made, about)
