"""Which frame of an image is meant: a place along each of its axes beside rows, columns and colours."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from napari_hemalens.errors import ImageError

Frame: TypeAlias = str | Sequence[int] | Mapping[str, int]
"""As a person says it ('T=2,Z=5', or numbers in the order of the axes: '2,5'), as numbers, or by the letters of axes.

Frames are counted from 0. Numbers are matched from the last axis, as napari's sliders are: surplus ones at the front
belong to axes that the image does not have.
"""

_SAID = re.compile(r"(?:([A-Za-z])\s*[=:]?\s*)?(\d+)")


def frame_indices(sizes: Mapping[str, int], frame: Frame) -> dict[str, int]:
    """Return the place along each frame axis.

    Parameters
    ----------
    sizes : mapping of str to int
        Length of each frame axis, in their order; one of length 1 needs no index.
    frame : Frame
        What is asked for.

    Raises
    ------
    ImageError
        If the image has no such frame, or has several and none is chosen.
    """
    chosen = _parse(frame, sizes) if isinstance(frame, str) else frame
    if isinstance(chosen, Mapping):
        given = {axis.upper(): index for axis, index in chosen.items()}
    else:
        given = dict(zip(reversed(list(sizes)), reversed(chosen), strict=False))
    unknown = [axis for axis in given if axis not in sizes]
    if unknown:
        raise ImageError(f"There is no axis {unknown[0]} to choose a frame along. {_listed(sizes)}.")
    for axis, size in sizes.items():
        if axis not in given and size > 1:
            example = ",".join(f"{each}=0" for each, length in sizes.items() if length > 1)
            raise ImageError(f"{_listed(sizes)}, counted from 0: choose one as frame (--frame), such as {example}.")
        if not 0 <= given.setdefault(axis, 0) < size:
            raise ImageError(f"No frame {given[axis]} along {axis}: the image has {size}, counted from 0.")
    return {axis: given[axis] for axis in sizes}


def frame_text(sizes: Mapping[str, int], indices: Mapping[str, int]) -> str:
    """Return a frame as it is said, 'T=2,Z=5', without axes of length 1; empty where there is one frame only."""
    return ",".join(f"{axis}={indices[axis]}" for axis, size in sizes.items() if size > 1)


def _parse(said: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return what is said by the letters of axes; numbers alone are those of the axes that have several frames."""
    parts = [part.strip() for part in re.split(r"[,;]", said) if part.strip()]
    found = [_SAID.fullmatch(part) for part in parts]
    several = [axis for axis, size in sizes.items() if size > 1]
    numbers = [match for match in found if match is not None and match[1] is None]
    if None in found or len(numbers) not in (0, len(parts)) or len(numbers) > len(several):
        raise ImageError(
            f"{said!r} is no frame of it: say T=2,Z=5, or numbers in the order of its axes. {_listed(sizes)}."
        )
    letters = several if numbers else [str(match[1]).upper() for match in found if match is not None]
    return {axis: int(match[2]) for axis, match in zip(letters, found, strict=False) if match is not None}


def _listed(sizes: Mapping[str, int]) -> str:
    told = [f"{size} frames along {axis}" for axis, size in sizes.items() if size > 1]
    return f"The image has {' and '.join(told) or 'one frame only'}"
