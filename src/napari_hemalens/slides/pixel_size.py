"""The pixel size, from the metadata that microscopes and scanners write."""

import re
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
    try:
        size = float(length) * _MICROMETRES[str(unit).strip().lower()]
    except (KeyError, TypeError, ValueError):
        return None
    return size if _SMALLEST <= size <= _LARGEST else None


def read_tiff_pixel_size(tif: TiffFile, page: TiffPage, index: int) -> float | None:
    """Return the pixel size of image number `index` of a TIFF file, whose first page is `page`.

    The first plausible source is used: OME, Aperio, ImageJ, then the resolution tags. Pixels are
    assumed to be square.
    """
    found = (_ome(tif, index), _aperio(page), _imagej(tif, page), _resolution(page))
    return next((size for size in found if size is not None), None)


def _ome(tif: TiffFile, index: int) -> float | None:
    pixels = pixels_of(tif, index)
    return micrometres(pixels.get("PhysicalSizeX"), pixels.get("PhysicalSizeXUnit", "µm"))


def _aperio(page: TiffPage) -> float | None:
    stated = _APERIO_MPP.search(page.description)
    return micrometres(stated[1], "µm") if stated else None


def _imagej(tif: TiffFile, page: TiffPage) -> float | None:
    unit = (tif.imagej_metadata or {}).get("unit")
    return micrometres(_pixel_width(page), unit)


def _resolution(page: TiffPage) -> float | None:
    return micrometres(_pixel_width(page), _TIFF_UNITS.get(page.tags.valueof("ResolutionUnit")))


def _pixel_width(page: TiffPage) -> float | None:
    """Return the width of a pixel in the file's resolution unit."""
    pixels, units = page.tags.valueof("XResolution", default=(0, 0))
    return units / pixels if pixels else None
