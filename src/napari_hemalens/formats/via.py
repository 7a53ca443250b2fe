"""VGG Image Annotator 2: a project, or its plain export of annotations, as JSON.

https://gitlab.com/vgg/via/-/blob/master/via-2.x.y/CodeDoc.md. Rectangles are written; circles, ellipses, polygons and
polylines are read as their bounding boxes. VIA does not store image sizes: here they are written as file attributes;
for other files they are read from the images.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import documents
from napari_hemalens.formats.draft import Box, Draft, finish_drafts
from napari_hemalens.formats.images import known_size, locate_image
from napari_hemalens.formats.naming import short_names
from napari_hemalens.formats.writing import listed_classes, rounded_cells
from napari_hemalens.records.detections import Detections

_METADATA = "_via_img_metadata"


class _Rectangle(BaseModel):
    name: Literal["rect"]
    x: float
    y: float
    width: float
    height: float

    @property
    def box(self) -> Box:
        return self.y, self.x, self.y + self.height, self.x + self.width


class _Circle(BaseModel):
    name: Literal["circle"]
    cx: float
    cy: float
    r: float

    @property
    def box(self) -> Box:
        return self.cy - self.r, self.cx - self.r, self.cy + self.r, self.cx + self.r


class _Ellipse(BaseModel):
    name: Literal["ellipse"]
    cx: float
    cy: float
    rx: float
    ry: float
    theta: float = 0.0  # radians

    @property
    def box(self) -> Box:
        cos, sin = math.cos(self.theta), math.sin(self.theta)
        wide, high = math.hypot(self.rx * cos, self.ry * sin), math.hypot(self.rx * sin, self.ry * cos)
        return self.cy - high, self.cx - wide, self.cy + high, self.cx + wide


class _Outline(BaseModel):
    name: Literal["polygon", "polyline"]
    all_points_x: list[float] = Field(min_length=2)
    all_points_y: list[float] = Field(min_length=2)

    @property
    def box(self) -> Box:
        return min(self.all_points_y), min(self.all_points_x), max(self.all_points_y), max(self.all_points_x)


class _Region(BaseModel):
    shape_attributes: Annotated[_Rectangle | _Circle | _Ellipse | _Outline, Field(discriminator="name")]
    region_attributes: dict[str, Any]


class _Image(BaseModel):
    filename: str
    regions: list[_Region]
    file_attributes: dict[str, Any] = {}

    @field_validator("regions", mode="before")
    @classmethod
    def _list_regions(cls, found: Any) -> Any:
        return list(found.values()) if isinstance(found, dict) else found  # VIA 1 numbers them


class _Document(BaseModel):
    images: dict[str, _Image]

    @model_validator(mode="before")
    @classmethod
    def _unwrap_project(cls, found: Any) -> Any:
        # A project has its images under a key; the plain export is just the images.
        return {"images": found.get(_METADATA, found)} if isinstance(found, dict) else found


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find a VIA file there."""
    file = documents.file_of(path, split, "via.json")
    if file.suffix != ".json" or not file.is_file():
        return False
    found = documents.content(file)
    if not isinstance(found, dict):
        return False
    return _METADATA in found or any(isinstance(v, dict) and "regions" in v for v in found.values())


def read(
    path: Path,
    *,
    split: str | None = None,
    attribute: str = "class",
    names: Sequence[str] | None = None,
) -> tuple[Detections, ...]:
    """Read one record per image.

    Parameters
    ----------
    path : Path
        The JSON file, or its folder. Images are searched beside it and in `images/`.
    split : str, optional
        Reads `<split>.json` in the folder.
    attribute : str
        The region attribute with the class; if a region lacks it, its only other attribute is used.
    names : sequence of str, optional
        The classes; by default those found, sorted.
    """
    file = documents.file_of(path, split, "via.json")
    document = documents.load(file, _Document, "VIA file")
    drafts = []
    for image in document.images.values():
        where = locate_image(image.filename, (file.parent, file.parent / "images"))
        draft = Draft(file, where, _stated_size(image) or known_size(where))
        for region in image.regions:
            label = _label(region, attribute, f"{file}: a region of {image.filename!r}")
            score = _number(region.region_attributes.get("score"), 1.0)
            draft.add(region.shape_attributes.box, label, score)
        drafts.append(draft)
    return finish_drafts(drafts, names)


def write(fields: Sequence[Detections], path: Path) -> None:
    """Write the fields as a VIA 2 project, with the class as a menu and the score as text."""
    images = {}
    for name, detections in zip(short_names(fields), fields, strict=True):
        # VIA's key of an image is its name and size in bytes, by which it recognises files added later.
        size = _bytes_of(detections.provenance.image)
        images[f"{name}{size}"] = {
            "filename": name,
            "size": size,
            "regions": list(_regions(detections)),
            "file_attributes": {
                "height": str(detections.image_shape[0]),
                "width": str(detections.image_shape[1]),
            },
        }
    options = dict.fromkeys(listed_classes(fields), "")
    menu = {"type": "dropdown", "description": "", "options": options, "default_options": {}}
    text = {"type": "text", "description": "", "default_value": ""}
    documents.save(
        path,
        {
            "_via_settings": {"project": {"name": path.stem}},
            _METADATA: images,
            "_via_attributes": {
                "region": {"class": menu, "score": text},
                "file": {"height": text, "width": text},
            },
            "_via_data_format_version": "2.0.10",
            "_via_image_id_list": list(images),
        },
    )


def _bytes_of(image: str) -> int:
    """Return the size of an image's file in bytes, or -1, VIA's value for unknown files."""
    file = Path(image)
    return file.stat().st_size if file.is_file() else -1


def _regions(detections: Detections) -> Iterator[dict[str, Any]]:
    for (y0, x0, y1, x1), label, score in rounded_cells(detections):
        size = {"width": round(x1 - x0, 2), "height": round(y1 - y0, 2)}
        yield {
            "shape_attributes": {"name": "rect", "x": x0, "y": y0, **size},
            "region_attributes": {"class": label, "score": str(score)},
        }


def _label(region: _Region, attribute: str, where: str) -> str:
    found = {k: v for k, v in region.region_attributes.items() if k != "score"}
    if attribute not in found and len(found) == 1:
        attribute = next(iter(found))
    label = found.get(attribute)
    if not isinstance(label, str) or not label:
        raise AnnotationError(f"{where} has no class: its attributes are {found}, and {attribute!r} should hold one.")
    return label


def _stated_size(image: _Image) -> tuple[int, int] | None:
    stated = image.file_attributes
    height, width = (int(_number(stated.get(side), 0)) for side in ("height", "width"))
    return (height, width) if height and width else None


def _number(text: Any, otherwise: float) -> float:
    try:  # an attribute may be empty, or used for something else
        return float(text)
    except (TypeError, ValueError):
        return otherwise
