"""OME-XML of a TIFF file, https://www.openmicroscopy.org/Schemas/OME/2016-06/."""

from collections.abc import Mapping
from typing import Any

from tifffile import TiffFile, xml2dict

from napari_hemalens.formats.decoding import DAMAGE


def pixels_of(tif: TiffFile, index: int) -> Mapping[str, Any]:
    """Return what is said of the pixels of image number `index`; nothing where the OME-XML is missing or damaged.

    An unescaped & in a name costs the pixel size, not the pixels.
    """
    if tif.ome_metadata is None:
        return {}
    try:
        images = xml2dict(tif.ome_metadata).get("OME", {}).get("Image", [])
        images = images if isinstance(images, list) else [images]
        described = images[index].get("Pixels", {}) if index < len(images) else {}
    except DAMAGE:
        return {}
    return described if isinstance(described, Mapping) else {}
