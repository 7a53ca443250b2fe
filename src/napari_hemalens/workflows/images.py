"""Whatever a person calls an image, opened."""

from pathlib import Path
from typing import Any

from napari_hemalens.slides.axes import from_array, infer_axes
from napari_hemalens.slides.channels import choose_channel, dna_channel, named_as_colours
from napari_hemalens.slides.colours import PICTURE, choose_colours
from napari_hemalens.slides.frames import Frame, frame_indices, frame_text
from napari_hemalens.slides.open import channel_names_in, images_in, is_image, open_image, read_stored
from napari_hemalens.slides.region import Region
from napari_hemalens.slides.slide import COLOURS, Slide
from napari_hemalens.slides.stored import Stored

__all__ = [
    "COLOURS",
    "PICTURE",
    "Frame",
    "Region",
    "Slide",
    "Stored",
    "as_slide",
    "channel_names_in",
    "choose_channel",
    "choose_colours",
    "dna_channel",
    "frame_indices",
    "frame_text",
    "from_array",
    "images_in",
    "infer_axes",
    "is_image",
    "named_as_colours",
    "open_image",
    "read_stored",
]


def as_slide(image: Any, *, axes: str | None = None, frame: Frame = ()) -> Slide:
    """Return an image as a slide: a path is opened, an array looked at, a slide stays as it is."""
    if isinstance(image, Slide):
        return image
    if isinstance(image, (str, Path)):
        return open_image(image, frame=frame)
    return from_array(image, axes=axes, frame=frame)
