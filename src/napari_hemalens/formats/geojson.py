"""GeoJSON as QuPath reads and writes it: one file per image, one polygon per cell, x, y in pixels.

https://qupath.readthedocs.io/en/stable/docs/advanced/exporting_annotations.html. QuPath's files
do not state the image; those written here add its name and size beside the features, which QuPath
ignores. A feature has what QuPath's own have: an `id` that is a UUID, `objectType`, `classification` with its
colour, and `measurements`, numbers by name.
"""

import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import documents
from napari_hemalens.formats.documents import mapping
from napari_hemalens.formats.draft import Box, Draft, finish_drafts, number, size
from napari_hemalens.formats.image_names import folders_near, locate_image
from napari_hemalens.formats.images import known_size
from napari_hemalens.formats.shapes import bounds
from napari_hemalens.formats.writing import one_file_each, rounded_cells
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.measurements import measure_boxes
from napari_hemalens.records.palette import colour_of
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE

_IDS = uuid.UUID("602f16ab-c852-4181-bbe1-1953b5195221")
"""Namespace of the ids of cells."""

_LEFT_OUT = {
    "Point": "a point",
    "MultiPoint": "a group of points",
    "LineString": "a line",
    "MultiLineString": "a group of lines",
}


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find GeoJSON there."""
    return split is None and bool(_files(path))


def read(path: Path, *, names: Sequence[str] | None = None) -> tuple[Detections, ...]:
    """Read one record per file; a cell's box is the bounding box of its polygon.

    Annotations without a class are regions, not cells, and are left out; detections without a class
    become `unclassifiable`. Lines and points are left out, too, and said.

    Parameters
    ----------
    path : Path
        A file, or a folder of `*.geojson`, searched recursively, or of `*.json` if it holds none. Images are searched
        beside their files, by stem.
    names : sequence of str, optional
        The classes; by default those found, sorted.
    """
    files = _files(path) if path.is_dir() else [path]
    if not files:
        raise AnnotationError(f"{path} contains no *.geojson file.")
    return finish_drafts([_draft(file) for file in files], names)


def write(fields: Sequence[Detections], path: Path) -> None:
    """Write one file per image into the folder `path`; each cell has id, class, colour, score and measurements.

    The id of a cell is that of its image and number: the same whenever the same result is written.
    """
    for stem, name, detections in one_file_each(fields):
        height, width = detections.image_shape
        documents.save(
            path / f"{stem}.geojson",
            {
                "type": "FeatureCollection",
                "image": name,
                "height": height,
                "width": width,
                "features": list(_features(detections, name)),
            },
        )


def _files(path: Path) -> list[Path]:
    """Return the files of a folder; QuPath also calls them `*.json`."""
    if not path.is_dir():
        is_one = path.suffix.lower() == ".geojson" or (path.suffix.lower() == ".json" and _holds_features(path))
        return [path] if is_one else []
    found = sorted(path.rglob("*.geojson"))
    return found or sorted(file for file in path.glob("*.json") if _holds_features(file))


def _holds_features(file: Path) -> bool:
    return _feature_list(documents.content(file)) is not None


def _feature_list(found: Any) -> list[Any] | None:
    """Return the features of a collection, of a bare list or a bare feature; None if it is none of these."""
    if isinstance(found, dict) and isinstance(found.get("features"), list):
        return list(found["features"])
    listed = [found] if isinstance(found, dict) else found
    is_one = isinstance(listed, list) and all(isinstance(each, dict) and "geometry" in each for each in listed)
    return listed if is_one else None


def _draft(file: Path) -> Draft:
    document = documents.content(file)
    features = _feature_list(document)
    if features is None:
        raise AnnotationError(f"{file} is not a GeoJSON file: it holds no list of features.")
    about = document if isinstance(document, dict) else {}
    name = about.get("image") if isinstance(about.get("image"), str) else ""
    image = locate_image(name or file.stem, folders_near(file))
    draft = Draft(file, image, size(about.get("height"), about.get("width")) or known_size(image))
    for feature in features:
        _add(draft, feature)
    return draft


def _add(draft: Draft, feature: Any) -> None:
    about = mapping(mapping(feature).get("properties"))
    label = _label(about)
    box = _box(mapping(feature).get("geometry"))
    if isinstance(box, str):
        draft.leave_out(box)
    elif not label and about.get("objectType", "annotation") == "annotation":
        draft.leave_out("an annotation without a class, a region")
    else:
        draft.add(box, label or UNCLASSIFIABLE, _score(about.get("measurements")))


def _label(about: Mapping[str, Any]) -> str:
    found = about.get("classification")
    if isinstance(found, str):
        return found.strip()
    names = mapping(found).get("names")  # of derived classes
    derived = ": ".join(map(str, names)) if isinstance(names, list) else ""
    return str(mapping(found).get("name") or derived).strip()


def _box(geometry: Any) -> Box | str:
    """Return the box around a polygon or several; of another geometry, its kind, in words."""
    kind = mapping(geometry).get("type")
    if kind == "GeometryCollection":
        parts = mapping(geometry).get("geometries")
        boxes = [box for box in map(_box, parts if isinstance(parts, list) else ()) if not isinstance(box, str)]
        return bounds(point for y0, x0, y1, x1 in boxes for point in ((x0, y0), (x1, y1))) if boxes else "an empty cell"
    if kind not in {"Polygon", "MultiPolygon"}:
        return _LEFT_OUT.get(str(kind), "a feature without a geometry")
    polygons = mapping(geometry).get("coordinates")
    polygons = [polygons] if kind == "Polygon" else polygons
    return bounds(_outer_points(polygons))


def _outer_points(polygons: Any) -> Iterator[tuple[float, float]]:
    """Yield x, y along the outer ring of each polygon; a third coordinate is its height or time."""
    for polygon in polygons if isinstance(polygons, list) else ():
        ring = polygon[0] if isinstance(polygon, list) and polygon else ()
        for point in ring if isinstance(ring, list) else ():
            if isinstance(point, list) and len(point) >= 2:
                yield number(point[0]), number(point[1])


def _score(measured: Any) -> float:
    """Return the measurement 'score', 1 if there is none, or if it is no number: QuPath before 0.4 writes a list."""
    if isinstance(measured, list):
        measured = {each.get("name"): each.get("value") for each in measured if isinstance(each, dict)}
    return number(mapping(measured).get("score"), 1.0)


def _features(detections: Detections, image: str) -> Iterator[dict[str, Any]]:
    cells = zip(rounded_cells(detections), _measurements(detections), strict=True)
    for cell, (((y0, x0, y1, x1), label, score), measured) in enumerate(cells, start=1):
        yield {
            "type": "Feature",
            "id": str(uuid.uuid5(_IDS, f"{image}#{cell}")),
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
                "measurements": {"score": score, **measured},
            },
        }


def _measurements(detections: Detections) -> Iterator[dict[str, float]]:
    """Yield what is measured of each cell; JSON has no NaN, so what is not known is left out."""
    columns: dict[str, NDArray[Any]] = {
        "certainty": detections.certainty,
        "novelty": detections.novelty,
        **measure_boxes(detections).columns,
    }
    for values in zip(*(column.tolist() for column in columns.values()), strict=True):
        named = zip(columns, values, strict=True)
        yield {name: round(value, 4) for name, value in named if math.isfinite(value)}
