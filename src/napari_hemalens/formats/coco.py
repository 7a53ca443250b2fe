"""COCO: one JSON file of images, categories and boxes, https://cocodataset.org/#format-data.

Boxes are x, y, width, height in pixels; the far edges are excluded, as in ours.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import documents
from napari_hemalens.formats.draft import Box, Draft, Prediction, finish_drafts
from napari_hemalens.formats.images import known_size, locate_image
from napari_hemalens.formats.naming import short_names
from napari_hemalens.formats.writing import listed_classes, rounded_cells
from napari_hemalens.records.corrections import KINDS
from napari_hemalens.records.detections import Detections

_NAMING = ("certainty", "novelty")  # attributes of an annotation


class _Image(BaseModel):
    id: int | str
    file_name: str
    width: int | None = None
    height: int | None = None
    pixel_size_um: float | None = None  # our own keys, which other readers ignore
    notes: tuple[str, ...] = ()


class _Category(BaseModel):
    id: int
    name: str


class _Annotation(BaseModel):
    image_id: int | str
    category_id: int
    bbox: tuple[float, float, float, float]
    score: float = 1.0
    iscrowd: int = 0
    attributes: Any = None  # a mapping in most tools; we only read how the cell was named and corrected


class _Document(BaseModel):
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Annotation]


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find a COCO file there."""
    file = documents.file_of(path, split, "coco.json")
    if file.suffix != ".json" or not file.is_file():
        return False
    found = documents.content(file)
    return isinstance(found, dict) and {"images", "annotations"} <= found.keys()


def read(path: Path, *, split: str | None = None) -> tuple[Detections, ...]:
    """Read one record per image; crowd regions (`iscrowd`) are left out.

    Parameters
    ----------
    path : Path
        The JSON file, or its folder. Images are searched beside it, in `images/` and in
        `../images/`.
    split : str, optional
        Reads `<split>.json` in the folder.
    """
    file = documents.file_of(path, split, "coco.json")
    document = documents.load(file, _Document, "COCO file")
    folders = (file.parent, file.parent / "images", file.parent.parent / "images")
    drafts = {image.id: _draft(file, image, folders) for image in document.images}
    if len(drafts) < len(document.images):
        raise AnnotationError(f"{file}: {len(document.images)} images share {len(drafts)} ids.")
    categories = {c.id: c.name for c in sorted(document.categories, key=lambda c: c.id)}
    for annotation in document.annotations:
        if not annotation.iscrowd:
            _add(annotation, drafts, categories, file)
    return finish_drafts(list(drafts.values()), dict.fromkeys(categories.values()))


def write(fields: Sequence[Detections], path: Path) -> None:
    """Write the fields to one JSON file; boxes carry `score`, how sure the class is, and how a person corrected it."""
    categories = {name: number for number, name in enumerate(listed_classes(fields), start=1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (name, field) in enumerate(zip(short_names(fields), fields, strict=True), start=1):
        height, width = field.image_shape
        size = field.provenance.pixel_size_um
        scale = {} if size is None else {"pixel_size_um": size}
        notes = {"notes": list(field.provenance.notes)} if field.provenance.notes else {}
        images.append({"id": number, "file_name": name, "width": width, "height": height, **scale, **notes})
        for (box, label, score), attributes in zip(rounded_cells(field), _attributes(field), strict=True):
            placed = {"id": len(annotations) + 1, "image_id": number, "score": score}
            annotations.append({**placed, "category_id": categories[label], **_bbox(box), **attributes})
    documents.save(
        path,
        {
            "images": images,
            "categories": [{"id": index, "name": name} for name, index in categories.items()],
            "annotations": annotations,
        },
    )


def _draft(file: Path, image: _Image, folders: Sequence[Path]) -> Draft:
    where = locate_image(image.file_name, folders)
    shape = (image.height, image.width) if image.height and image.width else known_size(where)
    return Draft(file, where, shape, image.pixel_size_um, notes=image.notes)


def _add(
    annotation: _Annotation,
    drafts: dict[int | str, Draft],
    categories: dict[int, str],
    file: Path,
) -> None:
    if annotation.image_id not in drafts:
        raise AnnotationError(
            f"{file}: an annotation names the image {annotation.image_id}, which is not among the {len(drafts)} listed."
        )
    if annotation.category_id not in categories:
        known = ", ".join(f"{number} {name}" for number, name in categories.items())
        raise AnnotationError(f"{file}: an annotation names the category {annotation.category_id}. Known: {known}.")
    x, y, width, height = annotation.bbox
    label = categories[annotation.category_id]
    prediction = _prediction(annotation.attributes, label, annotation.score)
    drafts[annotation.image_id].add((y, x, y + height, x + width), label, annotation.score, prediction)


def _attributes(field: Detections) -> Iterator[dict[str, Any]]:
    """Yield what is known of each cell beside its class: its correction with the prediction, and how sure it is."""
    columns = (field.correction_kinds.tolist(), field.predicted_class_names.tolist(), field.predicted_scores.tolist())
    namings = zip(field.certainty.tolist(), field.novelty.tolist(), strict=True)
    for kind, name, score, naming in zip(*columns, namings, strict=True):
        predicted = {"predicted_class": name, "predicted_score": round(score, 4)} if name else {}
        corrected = {"corrected": kind, **predicted} if kind else {}
        named = zip(_NAMING, naming, strict=True)
        sure = {key: round(value, 4) for key, value in named if not math.isnan(value)}
        yield {"attributes": corrected | sure} if corrected or sure else {}


def _prediction(attributes: Any, label: str, score: float) -> Prediction | None:
    found = attributes if isinstance(attributes, dict) else {}
    numbers = (found.get(key) for key in _NAMING)
    sure = [float(value) if isinstance(value, (int, float)) else math.nan for value in numbers]
    if found.get("corrected") in KINDS[1:]:
        predicted = str(found.get("predicted_class", "")), float(found.get("predicted_score", math.nan))
        return Prediction(str(found["corrected"]), *predicted, *sure)
    if all(map(math.isnan, sure)):  # attributes of another tool
        return None
    return Prediction("", label, score, *sure)


def _bbox(box: Box) -> dict[str, Any]:
    y0, x0, y1, x1 = box
    width, height = round(x1 - x0, 2), round(y1 - y0, 2)
    return {"bbox": [x0, y0, width, height], "area": round(width * height, 2), "iscrowd": 0}
