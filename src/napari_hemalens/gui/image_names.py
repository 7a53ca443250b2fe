"""What an image is called in tables and files: as its file, else as its layer is called now. No Qt."""

from dataclasses import replace

from napari.layers import Image

from napari_hemalens.projects.document import is_kept_picture
from napari_hemalens.records.detections import Provenance


def has_file_name(layer: Image) -> bool:
    """Return whether an image is known by its file; of a picture in a project it is the name of the layer that says."""
    return bool(layer.source.path) and not is_kept_picture(layer.source.path)


def image_name(layer: Image) -> str:
    """Return what an image is known by: its file, else the name of its layer."""
    return str(layer.source.path) if has_file_name(layer) else str(layer.name)


def of_image_now(provenance: Provenance, layer: Image) -> Provenance:
    """Return where cells come from, by what their image is called now: a person may rename the layer of one."""
    return replace(provenance, image=image_name(layer))
