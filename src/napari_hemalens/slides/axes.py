"""Arrays of any shape as slides: which axis is which.

Without `axes`, the shape decides, and `rgb` if the last axis is ambiguous:

- (Y, X) is grey.
- (Y, X, 3 or 4) is RGB or RGBA, unless the first axis is 3 or 4 long too.
- (1, 3 or 4, Y, X) is grey, RGB or RGBA, unless the last axis is 3 or 4 long too, or a `frame`
  says that the first axis counts frames.
- (T, Y, X, 3 or 4) is a stack of RGB or RGBA, and with a `frame` (T, Y, X) a grey one.
- With `rgb=True`, any number of frame axes may come before (Y, X, 3 or 4), and with `rgb=False`
  before (Y, X). But (3 or 4, Y, X) is then colour, whatever `frame` is: napari passes
  `rgb=False` for every layer that is not RGB, and its sliders always have a position.
- Channels that are stored as planes (C before Y and X) may be colours or stains of their own: they are read
  as colours, if there are three or four of them, by whoever does not look for a stain (`slides.channels`).
- Anything else is an error. Only lengths of 1, 3 and 4 are used: small crops are images too.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.contrast import Contrast
from napari_hemalens.slides.frames import Frame, frame_indices
from napari_hemalens.slides.plane import Plane
from napari_hemalens.slides.slide import Slide

_COLOURS = (3, 4)
_FRAMES = "TZUVW"  # letters for unnamed axes
_EXAMPLES = {3: "TYX", 4: "TCYX", 5: "TCZYX"}


def from_array(  # noqa: PLR0913 -- public: options that scripts give by name
    image: Any,
    *,
    name: str = "",
    axes: str | None = None,
    rgb: bool | None = None,
    pixel_size_um: float | None = None,
    frame: Frame = (),
    channels: Sequence[str] = (),
) -> Slide:
    """Return an array, or a pyramid of arrays, as a slide.

    Only a sample is read, for the contrast.

    Parameters
    ----------
    image : array-like or sequence of array-like
        numpy, dask, zarr or anything else with `shape`, `dtype` and slicing; a pyramid has the
        finest level first. Values are scaled as in `Contrast.from_level`.
    name : str
        Name used in errors and results.
    axes : str, optional
        One letter per axis: `Y`, `X`, `C` for channels, any other for frames, as in 'YX', 'YXC',
        'CYX', 'TYXC'. If there is an `S` (samples), that is the colour and `C` is a frame axis.
    rgb : bool, optional
        Whether the last axis is the colour, as in a napari layer; ignored if `axes` is given.
    pixel_size_um : float, optional
        Micrometres per pixel of the finest level.
    frame : Frame
        The frame, such as 'T=2,Z=5' or (2, 5): see `slides.frames`. An axis of length 1 needs no index; a longer one
        without an index is an error.
    channels : sequence of str
        Names of the channels along C, where they are known.

    Raises
    ------
    ImageError
        If the axes are ambiguous, or the values are not an image.
    """
    sources = _levels(image)
    shape = tuple(int(side) for side in sources[0].shape)
    letters = infer_axes(shape, rgb, framed=bool(frame)) if axes is None else _check_axes(axes.upper(), shape)
    letters = letters if "T" in letters else letters.replace("I", "T")  # tifffile's letter for pages in a sequence
    colour = next((letter for letter in "SC" if letter in letters), "")
    index = frame_indices({a: n for a, n in zip(letters, shape, strict=True) if a not in {"Y", "X", colour}}, frame)
    planes = tuple(Plane(source, letters, colour, index) for source in sources)
    _check_planes(planes)
    if pixel_size_um is not None and not 0 < pixel_size_um < math.inf:
        raise ImageError(f"A pixel size of {pixel_size_um} um is none: it has to be above 0.")
    shown = planes[-1].shape[2] in (1, *_COLOURS)
    contrast = Contrast.from_level(planes[-1]) if shown else Contrast()
    number = shape[0] if axes is None and letters == "CYX" else 1
    guessed = f"Its {number} planes are taken for channels: axes='TYX' says that they are frames." * (number > 1)
    return Slide(name, planes, pixel_size_um, contrast, _kept_apart(planes[0], channels), guessed=guessed)


def _kept_apart(plane: Plane, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of channels that are stored as planes, or are too many for colours; none for a picture."""
    number, letters = plane.shape[2], plane.axes
    interleaved = plane.colour == "S" or letters.find("C") > letters.index("Y")
    if number == 1 or (interleaved and number in _COLOURS):
        return ()
    return (*names, *[""] * number)[:number]


def _levels(image: Any) -> tuple[Any, ...]:
    # A napari MultiScaleData also has a shape and a dtype: test for a sequence first.
    sources = tuple(image) if isinstance(image, Sequence) else (image,)
    if not sources:
        raise ImageError("A pyramid needs at least one level.")
    for source in sources:
        if not hasattr(source, "shape") or not hasattr(source, "dtype"):
            raise ImageError(
                f"A {type(source).__name__} is not an image: give an array, or a list of arrays, finest first."
            )
        kind = getattr(source.dtype, "kind", "")
        if kind not in tuple("buif"):
            raise ImageError(f"Values of type {source.dtype} are not an image: give bool, integers or floats.")
        if 0 in source.shape:
            raise ImageError(f"An image of shape {tuple(source.shape)} has no pixels.")
        if len(source.shape) != len(sources[0].shape):
            raise ImageError(f"Levels of shape {tuple(sources[0].shape)} and {tuple(source.shape)} are not one image.")
    return sources


def infer_axes(shape: tuple[int, ...], rgb: bool | None = None, *, framed: bool = False) -> str:
    """Return one letter per axis of `shape`; see the top of this module.

    Raises
    ------
    ImageError
        If they are ambiguous.
    """
    depth = len(shape)
    last = depth > 2 and shape[-1] in _COLOURS
    if rgb and not last:
        raise ImageError(f"An image of shape {shape} is not RGB: its last axis is not 3 or 4 long.")
    both = rgb is None and last and depth == 3 and shape[0] in _COLOURS
    if rgb or (rgb is None and last and depth < 5 and not both):
        return _frames(depth - 3) + "YXC"
    stack = depth == 3 and framed and rgb is None and not both
    if depth == 3 and shape[0] in (1, *_COLOURS) and not both and not stack:
        return "CYX"
    if depth == 2 or stack or (depth > 2 and rgb is False):
        return _frames(depth - 2) + "YX"
    raise ImageError(
        f"The axes of an image of shape {shape} are ambiguous: pass axes, one letter per axis, "
        f"such as axes={_EXAMPLES.get(depth, 'YX')!r} (C: channels; T, Z: frames)."
    )


def _frames(count: int) -> str:
    if count > len(_FRAMES):
        raise ImageError(f"An image with {count} frame axes cannot be read: pass one frame.")
    return _FRAMES[:count]


def _check_axes(letters: str, shape: tuple[int, ...]) -> str:
    if len(letters) != len(shape) or len(set(letters)) != len(letters) or not {"Y", "X"} <= set(letters):
        raise ImageError(
            f"axes={letters!r} does not fit an image of shape {shape}: "
            "give one letter per axis, none twice, with Y and X among them."
        )
    return letters


def _check_planes(planes: Sequence[Plane]) -> None:
    height, width, channels = planes[0].shape
    for finer, coarser in pairwise(planes):
        h, w, c = coarser.shape
        # Sides are rounded at every level, and some scanners crop a little.
        askew = abs(h / height - w / width) > 2 / height + 2 / width + 0.02 * h / height
        frames = all(i < coarser.source.shape[coarser.axes.index(a)] for a, i in coarser.frame.items())
        if h > finer.shape[0] or w > finer.shape[1] or c != channels or askew or not frames:
            raise ImageError(
                f"Levels of shape {finer.source.shape} and {coarser.source.shape} are not one image, finest first."
            )
