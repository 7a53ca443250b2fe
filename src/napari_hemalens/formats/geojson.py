"""GeoJSON as QuPath reads and writes it: one file per image, one polygon per cell, x, y in pixels.

https://qupath.readthedocs.io/en/stable/docs/advanced/exporting_annotations.html. QuPath's files
do not state the image; those written here add its name and size beside the features, which QuPath
ignores.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import documents
from napari_hemalens.formats.draft import Box, Draft, finish_drafts
from napari_hemalens.formats.images import IMAGE_SUFFIXES, known_size, locate_image
from napari_hemalens.formats.writing import one_file_each, rounded_cells
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.palette import colour_of
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE

_Ring = list[tuple[float, float]]


class _Polygon(BaseModel):
    type: Literal["Polygon"]
    coordinates: list[_Ring]


class _MultiPolygon(BaseModel):
    type: Literal["MultiPolygon"]
    coordinates: list[list[_Ring]]


class _Classification(BaseModel):
    name: str = ""
    names: list[str] = Field(default_factory=list)  # for derived classes

    @property
    def label(self) -> str:
        return self.name or ": ".join(self.names)


class _Properties(BaseModel):
    objectType: str = "annotation"  # noqa: N815 -- QuPath's name, and its default
    classification: _Classification = _Classification()
    measurements: dict[str, Any] | list[Any] = {}  # a list before QuPath 0.4


class _Feature(BaseModel):
    geometry: _Polygon | _MultiPolygon = Field(discriminator="type")
    properties: _Properties = _Properties()


class _Document(BaseModel):
    features: list[_Feature]
    image: str = ""
    height: int = 0
    width: int = 0

    @model_validator(mode="before")
    @classmethod
    def _wrap_features(cls, found: Any) -> Any:
        # QuPath may write just the list of features.
        return {"features": found} if isinstance(found, list) else found


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find GeoJSON there."""
    return split is None and (path.suffix == ".geojson" or any(path.rglob("*.geojson")))


def read(path: Path, *, names: Sequence[str] | None = None) -> tuple[Detections, ...]:
    """Read one record per file; a cell's box is the bounding box of its polygon.

    Annotations without a class are regions, not cells, and are left out; detections without a class
    become `unclassifiable`.

    Parameters
    ----------
    path : Path
        A file, or a folder of `*.geojson`, searched recursively. Images are searched beside their
        files, by stem.
    names : sequence of str, optional
        The classes; by default those found, sorted.
    """
    files = sorted(path.rglob("*.geojson")) if path.is_dir() else [path]
    if not files:
        raise AnnotationError(f"{path} contains no *.geojson file.")
    return finish_drafts([_draft(file) for file in files], names)


def write(fields: Sequence[Detections], path: Path) -> None:
    """Write one file per image into the folder `path`; each cell has class, colour and score."""
    for stem, name, detections in one_file_each(fields):
        height, width = detections.image_shape
        documents.save(
            path / f"{stem}.geojson",
            {
                "type": "FeatureCollection",
                "image": name,
                "height": height,
                "width": width,
                "features": list(_features(detections)),
            },
        )


def _draft(file: Path) -> Draft:
    document = documents.load(file, _Document, "GeoJSON file of polygons")
    beside = (f"{file.stem}{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
    name = document.image or next((n for n in beside if (file.parent / n).is_file()), file.stem)
    image = locate_image(name, (file.parent, file.parent / "images"))
    stated = (document.height, document.width)
    draft = Draft(file, image, stated if all(stated) else known_size(image))
    for feature in document.features:
        label = feature.properties.classification.label
        if label or feature.properties.objectType != "annotation":
            draft.add(_bounds(feature), label or UNCLASSIFIABLE, _score(feature))
    return draft


def _bounds(feature: _Feature) -> Box:
    geometry = feature.geometry
    polygons = [geometry.coordinates] if isinstance(geometry, _Polygon) else geometry.coordinates
    points = [point for polygon in polygons for point in polygon[0]]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(ys), min(xs), max(ys), max(xs)


def _score(feature: _Feature) -> float:
    measured = feature.properties.measurements
    return float(measured.get("score", 1)) if isinstance(measured, dict) else 1.0


def _features(detections: Detections) -> Iterator[dict[str, Any]]:
    for (y0, x0, y1, x1), label, score in rounded_cells(detections):
        yield {
            "type": "Feature",
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]],
            },
            "properties": {
                "objectType": "detection",
                "classification": {
                    "name": label,
                    "color": list(bytes.fromhex(colour_of(label)[1:])),
                },
                "measurements": {"score": score},
            },
        }
