"""Create ML's JSON, as labelImg and Roboflow write it: a list of images, each with its boxes, read only.

https://developer.apple.com/documentation/createml/building-an-object-detector-data-source. A box is a centre with width
and height, in pixels.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_hemalens.formats.documents import mapping
from napari_hemalens.formats.draft import Draft, number
from napari_hemalens.formats.image_names import folders_near, locate_image
from napari_hemalens.formats.images import known_size
from napari_hemalens.formats.json_format import JsonFormat

_IMAGE = ("image", "imagefilename")  # Apple's documentation has had both


def _images(found: Any) -> list[Mapping[str, Any]] | None:
    """Return the images that a file lists; None if it is of another format."""
    images = [each for each in found if _name(each)] if isinstance(found, list) else []
    return images if any("coordinates" in mapping(box) for image in images for box in _boxes(image)) else None


def _name(image: Any) -> str:
    return next((str(mapping(image)[key]) for key in _IMAGE if key in mapping(image)), "")


def _boxes(image: Mapping[str, Any]) -> list[Any]:
    found = image.get("annotations", image.get("annotation"))
    return found if isinstance(found, list) else []


def _drafts(file: Path, images: Sequence[Mapping[str, Any]]) -> list[Draft]:
    folders = folders_near(file)
    located = [(locate_image(_name(image), folders), image) for image in images]
    return [_draft(Draft(file, where, known_size(where)), image) for where, image in located]


def _draft(draft: Draft, image: Mapping[str, Any]) -> Draft:
    for box in _boxes(image):
        place = mapping(mapping(box).get("coordinates"))
        x, y, width, height = (number(place.get(key)) for key in ("x", "y", "width", "height"))
        label = str(mapping(box).get("label") or "")
        draft.add((y - height / 2, x - width / 2, y + height / 2, x + width / 2), label)
    return draft


FORMAT = JsonFormat(
    "_annotations.createml.json", "is no JSON of Create ML: it lists no images with boxes.", _images, _drafts
)
