"""OME-Zarr pyramids and plain zarr arrays, read chunk by chunk.

Metadata as in OME-NGFF 0.1 to 0.5, https://ngff.openmicroscopy.org.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import zarr

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.pixel_size import steps_along
from napari_hemalens.slides.stored import Stored


def read_zarr(path: Path) -> Stored:
    """Open the pyramid of a zarr group, or a single zarr array."""
    node = zarr.open(path, mode="r")
    if isinstance(node, zarr.Array):
        return Stored((node,))
    if "bioformats2raw.layout" in metadata_of(node):
        node = node["0"]  # the first image
    images = metadata_of(node).get("multiscales")
    if not images:
        raise ImageError("it is a zarr group without 'multiscales' metadata; give one of its arrays.")
    image = images[0]
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in image.get("axes", ())]
    letters = "".join(axis["name"] for axis in axes).upper()
    return Stored(
        tuple(node[level["path"]] for level in image["datasets"]),
        axes=letters or "TCZYX",  # fixed before NGFF 0.3
        steps_um=_steps(image, axes),
        channels=tuple(
            str(channel.get("label", "")) for channel in metadata_of(node).get("omero", {}).get("channels", ())
        ),
    )


def metadata_of(group: zarr.Group) -> Mapping[str, Any]:
    """Return what a group says of itself, in any version of NGFF."""
    attributes = group.attrs.asdict()
    return {**attributes, **attributes.get("ome", {})}


def _steps(image: Mapping[str, Any], axes: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the steps of the finest level along axes in space that have a scale and a unit, in micrometres."""
    scales = [
        step["scale"]
        for part in (image["datasets"][0], image)
        for step in part.get("coordinateTransformations", ())
        if step["type"] == "scale"
    ]
    if not scales:
        return {}
    return steps_along(
        {axis["name"].upper(): (math.prod(s[i] for s in scales), axis.get("unit")) for i, axis in enumerate(axes)}
    )
