"""Values of any type as 8-bit RGB, by one rule for the whole slide.

A tile has to look like the slide it was cut from, so the rule is set once, from a limited sample of
the coarsest level, and never from the tile. Values outside the range of the sample are clipped.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.slides.plane import Plane
from napari_hemalens.slides.sample import sample_pixels

_OVERSHOOT = 0.05  # interpolated floats may slightly exceed their range
_PERCENTILES = (0.1, 99.9)  # leaves out hot and dead pixels


@dataclass(frozen=True, slots=True)
class Contrast:
    """How values are mapped to 8 bits, the same for all channels, so that the hue stays.

    Attributes
    ----------
    low, high : float
        Values mapped to 0 and 255; `low` may be the greater one.
    opaque : float
        Value of an opaque alpha channel.
    gamma : float
        Exponent in between; below 1, dim structures stay visible beside bright ones.
    """

    low: float = 0
    high: float = 255
    opaque: float = 255
    gamma: float = 1

    @classmethod
    def from_level(cls, level: Plane) -> Self:
        """Choose the rule for a slide from its coarsest level.

        - uint8 is kept, and bool becomes 0 and 255.
        - Floats within 0-1 and any values within 0-255 keep that range.
        - Anything else is stretched to the 99.9th percentile. In colour, 0 stays black; in grey, the
          0.1th percentile becomes black, as a camera's offset may be most of the range.
        """
        if level.dtype == np.bool_:
            return cls(high=1, opaque=1)
        if level.dtype == np.uint8:
            return cls()
        sample = sample_pixels(level)
        channels = sample.shape[-1]
        colours, alpha = sample[:, :3], sample[:, 3:]
        whole = np.issubdtype(level.dtype, np.integer)
        opaque = _full_scale(alpha, whole) or (np.iinfo(level.dtype).max if whole else 255)
        full = _full_scale(colours, whole)
        if full is not None:
            return cls(high=full, opaque=opaque)
        low, high = (float(v) for v in np.percentile(colours, _PERCENTILES))
        if channels > 1 and low > 0:
            low = 0
        return cls(low, high if high > low else _above(low), opaque)

    @classmethod
    def for_fluorescence(cls, level: Plane, *, dark_on_bright: bool = False) -> Self:
        """Choose the rule for fluorescence: stretched to the percentiles, then the square root.

        A micronucleus may be a tenth as bright as its nucleus, and needs enough grey levels at 8 bits.

        Parameters
        ----------
        level : Plane
            The coarsest, of one channel.
        dark_on_bright : bool
            Whether what is dark is the stain: black and white then change places.
        """
        low, high = (float(v) for v in np.percentile(sample_pixels(level)[:, :3], _PERCENTILES))
        high = high if high > low else _above(low)
        return cls(high, low, gamma=0.5) if dark_on_bright else cls(low, high, gamma=0.5)

    def __call__(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Return `values` (h, w, 1, 3 or 4) as a new (h, w, 3) array of RGB, blended over white.

        NaN, used in mosaics where nothing was scanned, becomes black: an error would stop a run
        half-way, since pixels are only read when needed. Infinite values are clipped.
        """
        colours = self._to_8_bit(values[..., :3], self.low, self.high, self.gamma)
        if values.shape[-1] == 1:
            colours = np.repeat(colours, 3, axis=-1)
        if values.shape[-1] == 4:
            alpha = self._to_8_bit(values[..., 3:], 0, self.opaque, 1)
            if alpha.min() < 255:
                ink = (255 - colours).astype(np.uint16) * alpha
                colours = (255 - (ink + 127) // 255).astype(np.uint8)
        return colours

    @staticmethod
    def _to_8_bit(values: NDArray[Any], low: float, high: float, gamma: float) -> NDArray[np.uint8]:
        if values.dtype == np.uint8 and (low, high, gamma) == (0, 255, 1):
            return np.array(values, order="C")  # a copy, since the caller may write to it
        kind = np.float64 if values.dtype.itemsize > 4 else np.float32
        scaled: NDArray[np.floating] = np.array(values, dtype=kind, order="C")
        np.nan_to_num(scaled, copy=False, nan=low)
        np.clip(scaled, min(low, high), max(low, high), out=scaled)
        factor = 255 / (high - low)
        scaled *= factor  # before the subtraction, which could overflow
        scaled -= low * factor
        if gamma != 1:
            scaled = 255 * (np.maximum(scaled, 0) / 255) ** gamma
        levels: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
        return levels


def _above(value: float) -> float:
    """Return a greater value, so that a constant image is black: 1 more, if that changes a number so large."""
    return value + max(1.0, 1e-6 * abs(value))


def _full_scale(sample: NDArray[Any], whole: bool) -> float | None:
    """Return the full scale of the values, 1 or 255, or None if it is neither."""
    slack = 0 if whole else _OVERSHOOT
    for full in (255,) if whole else (1, 255):
        if np.all((sample >= -slack * full) & (sample <= full + slack * full)):
            return full
    return None
