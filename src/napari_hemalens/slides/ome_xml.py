"""OME-XML of a TIFF file, https://www.openmicroscopy.org/Schemas/OME/2016-06/."""

from collections.abc import Mapping
from typing import Any

from tifffile import TiffFile, xml2dict


def pixels_of(tif: TiffFile, index: int) -> Mapping[str, Any]:
    """Return what is said of the pixels of image number `index`; nothing where the file has no OME-XML."""
    if tif.ome_metadata is None:
        return {}
    images = xml2dict(tif.ome_metadata).get("OME", {}).get("Image", [])
    images = images if isinstance(images, list) else [images]
    described: Mapping[str, Any] = images[index].get("Pixels", {}) if index < len(images) else {}
    return described
