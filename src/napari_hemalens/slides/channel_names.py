"""The names of channels, from the metadata that microscopes and programs write."""

from collections.abc import Mapping
from typing import Any

from tifffile import TiffFile

from napari_hemalens.slides.ome_xml import pixels_of


def read_tiff_channel_names(tif: TiffFile, index: int, count: int) -> tuple[str, ...]:
    """Return the names of the `count` channels of image number `index` of a TIFF file, empty where one has none.

    The first source that names any of them is used: OME, Micro-Manager, ImageJ. None at all: an empty tuple.
    """
    found = (_ome(tif, index), _micromanager(tif), _imagej(tif))
    return next((names for names in found if len(names) == count and any(names)), ())


def _ome(tif: TiffFile, index: int) -> tuple[str, ...]:
    channels = pixels_of(tif, index).get("Channel", [])
    channels = channels if isinstance(channels, list) else [channels]
    return tuple(
        str(channel.get("Name", channel.get("Fluor", ""))) for channel in channels if isinstance(channel, Mapping)
    )


def _micromanager(tif: TiffFile) -> tuple[str, ...]:
    summary: Any = (tif.micromanager_metadata or {}).get("Summary", {})
    return tuple(map(str, summary.get("ChNames", ())))


def _imagej(tif: TiffFile) -> tuple[str, ...]:
    """Return the labels of the first planes: ImageJ stores one a plane, channels fastest."""
    described = tif.imagej_metadata or {}
    labels = described.get("Labels", ())
    return tuple(str(label) for label in labels[: described.get("channels", 0)])
