"""The pixel size, from the metadata that microscopes and scanners write."""

import math
import re
from collections.abc import Mapping
from typing import Any

from tifffile import TiffFile, TiffPage

from napari_hemalens.slides.ome_xml import pixels_of

_SMALLEST, _LARGEST = 0.01, 10.0  # micrometres: the plausible range for a microscope
_MICROMETRES = {
    **dict.fromkeys(("µm", "μm", "\\u00b5m", "um", "micron", "microns", "micrometer", "micrometre"), 1.0),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1e-3),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 1e4),
    **dict.fromkeys(("m", "meter", "metre"), 1e6),
    **dict.fromkeys(("in", "inch"), 25400.0),
}
_TIFF_UNITS = {
    2: "inch",
    3: "cm",
    4: "mm",
    5: "um",
}  # of tag ResolutionUnit; 4 and 5 are extensions
_APERIO_MPP = re.compile(r"\bMPP\s*=\s*([0-9.]+)")


def micrometres(length: Any, unit: Any) -> float | None:
    """Return a length in micrometres, or None if it is no plausible pixel size of a microscope.

    72 or 300 dots per inch state a print size, not a pixel size.
    """
    size = _micrometres(length, unit)
    return size if size is not None and _SMALLEST <= size <= _LARGEST else None


def steps_along(lengths: Mapping[str, tuple[Any, Any]]) -> dict[str, float]:
    """Return the plausible ones of lengths by axis, each with its unit, in micrometres.

    `X` and `Y` have to be a pixel size; what is said only of X goes for Y, too. Slices (`Z`) may be any distance apart.
    """
    steps = {axis: micrometres(*lengths[axis]) for axis in "YX" if axis in lengths}
    if steps.get("X") is None:
        return {}
    apart = _micrometres(*lengths["Z"]) if "Z" in lengths else None
    found = {"Z": apart if apart and 0 < apart < math.inf else None, "Y": steps.get("Y") or steps["X"], "X": steps["X"]}
    return {axis: step for axis, step in found.items() if step is not None}


def size_of_pixel(steps: Mapping[str, float]) -> float | None:
    """Return the side, in micrometres, of the square with the area of a pixel; None where no steps are known."""
    return math.sqrt(steps["Y"] * steps["X"]) if {"Y", "X"} <= steps.keys() else None


def read_tiff_steps(tif: TiffFile, page: TiffPage, index: int) -> dict[str, float]:
    """Return micrometres by axis (`Z`, `Y`, `X`) of image number `index` of a TIFF file, whose first page is `page`.

    The first plausible source is used: OME, Aperio, ImageJ, then the resolution tags; none: an empty mapping.
    """
    found = (_ome(tif, index), _aperio(page), _imagej(tif, page), _resolution(page))
    return next((steps for steps in map(steps_along, found) if steps), {})


def _micrometres(length: Any, unit: Any) -> float | None:
    try:
        return float(length) * _MICROMETRES[str(unit).strip().lower()]
    except (KeyError, TypeError, ValueError):
        return None


def _ome(tif: TiffFile, index: int) -> dict[str, tuple[Any, Any]]:
    pixels = pixels_of(tif, index)
    keys = {axis: f"PhysicalSize{axis}" for axis in "ZYX"}
    return {axis: (pixels[key], pixels.get(f"{key}Unit", "µm")) for axis, key in keys.items() if key in pixels}


def _aperio(page: TiffPage) -> dict[str, tuple[Any, Any]]:
    stated = _APERIO_MPP.search(page.description)
    return {"X": (stated[1], "µm")} if stated else {}


def _imagej(tif: TiffFile, page: TiffPage) -> dict[str, tuple[Any, Any]]:
    described = tif.imagej_metadata or {}
    lengths = _sides(page) | ({"Z": described["spacing"]} if "spacing" in described else {})
    return {axis: (length, described.get("unit")) for axis, length in lengths.items()}


def _resolution(page: TiffPage) -> dict[str, tuple[Any, Any]]:
    unit = _TIFF_UNITS.get(page.tags.valueof("ResolutionUnit"))
    return {axis: (length, unit) for axis, length in _sides(page).items()}


def _sides(page: TiffPage) -> dict[str, Any]:
    """Return the sides of a pixel in the file's resolution unit."""
    stated = {axis: page.tags.valueof(f"{axis}Resolution", default=(0, 0)) for axis in "YX"}
    return {axis: units / pixels for axis, (pixels, units) in stated.items() if pixels}
