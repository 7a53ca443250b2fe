"""COCO: one JSON file of images, categories and boxes, https://cocodataset.org/#format-data.

Boxes are x, y, width, height in pixels; the far edges are excluded, as in ours.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import documents
from napari_hemalens.formats.coco_outlines import outline_box
from napari_hemalens.formats.draft import Box, Draft, Prediction, finish_drafts, number, size
from napari_hemalens.formats.image_names import folders_near, locate_image
from napari_hemalens.formats.images import known_size
from napari_hemalens.formats.naming import short_names
from napari_hemalens.formats.writing import listed_classes, rounded_cells
from napari_hemalens.records.corrections import KINDS
from napari_hemalens.records.detections import Detections

_SCALES = (1e-4, 1e3)  # micrometres a pixel that a microscope may have
_NAMING = ("certainty", "novelty")  # attributes of an annotation


class _Image(BaseModel):
    id: Any
    file_name: str
    width: Any = None
    height: Any = None
    pixel_size_um: Any = None  # our own keys, which other readers ignore
    notes: tuple[str, ...] = ()


class _Category(BaseModel):
    id: Any
    name: str


class _Annotation(BaseModel):
    image_id: Any
    category_id: Any = None
    bbox: Any = None
    segmentation: Any = None
    score: Any = 1.0
    iscrowd: Any = 0
    attributes: Any = None  # a mapping in most tools; we only read how the cell was named and corrected


class _Document(BaseModel):
    images: list[_Image]
    categories: list[_Category] = []
    annotations: list[Any]


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find a COCO file there."""
    return any(map(_is_coco, documents.files_of(path, split, "coco.json")))


def read(path: Path, *, split: str | None = None) -> tuple[Detections, ...]:
    """Read one record per image of all files; a box that is not given is that of the outline.

    Parameters
    ----------
    path : Path
        The JSON file, or its folder (`documents.files_of`). Images are searched beside it, in `images/`, its folders,
        and `../images/`.
    split : str, optional
        Reads the file of that name, or the files in the folder of that name.
    """
    files = documents.files_of(path, split, "coco.json") or [path]
    kept = files if len(files) == 1 else [file for file in files if _is_coco(file)]
    read_files = [_read_file(file) for file in kept]
    names = dict.fromkeys(name for _, listed in read_files for name in listed)
    return finish_drafts([draft for drafts, _ in read_files for draft in drafts], names)


def write(fields: Sequence[Detections], path: Path) -> None:
    """Write the fields to one JSON file; boxes carry `score`, how sure the class is, and how a person corrected it."""
    categories = {name: number for number, name in enumerate(listed_classes(fields), start=1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for index, (name, field) in enumerate(zip(short_names(fields), fields, strict=True), start=1):
        height, width = field.image_shape
        pixel = field.provenance.pixel_size_um
        scale = {} if pixel is None else {"pixel_size_um": pixel}
        notes = {"notes": list(field.provenance.notes)} if field.provenance.notes else {}
        images.append({"id": index, "file_name": name, "width": width, "height": height, **scale, **notes})
        for (box, label, score), attributes in zip(rounded_cells(field), _attributes(field), strict=True):
            placed = {"id": len(annotations) + 1, "image_id": index, "score": score}
            annotations.append({**placed, "category_id": categories[label], **_bbox(box), **attributes})
    documents.save(
        path,
        {
            "images": images,
            "categories": [{"id": index, "name": name} for name, index in categories.items()],
            "annotations": annotations,
        },
    )


def _is_coco(file: Path) -> bool:
    found = documents.content(file)
    return isinstance(found, dict) and {"images", "annotations"} <= found.keys()


def _read_file(file: Path) -> tuple[list[Draft], list[str]]:
    document = documents.load(file, _Document, "COCO file")
    folders = folders_near(file)
    drafts = {_key(image.id): _draft(file, image, folders) for image in document.images}
    if len(drafts) < len(document.images):
        raise AnnotationError(f"{file}: {len(document.images)} images share {len(drafts)} ids.")
    if document.annotations and not drafts:
        raise AnnotationError(f"{file} lists {len(document.annotations)} annotations, but no image.")
    categories = {_key(c.id): c.name for c in sorted(document.categories, key=lambda c: number(c.id))}
    for entry in document.annotations:
        try:
            annotation = _Annotation.model_validate(entry)
        except ValidationError:
            next(iter(drafts.values())).leave_out("an annotation without an image")
            continue
        draft = drafts.get(_key(annotation.image_id))
        if draft is None:
            next(iter(drafts.values())).leave_out("an annotation of an image that is not listed")
        else:
            _add(annotation, draft, categories)
    extra = {name for draft in drafts.values() for name in draft.classes} - set(categories.values())
    return list(drafts.values()), [*categories.values(), *sorted(extra)]


def _key(identity: Any) -> str:
    """Return an id such that 7, '7', '07' and 7.0 are the same."""
    found = number(identity)
    return str(int(found)) if found.is_integer() else str(identity).strip()


def _draft(file: Path, image: _Image, folders: Sequence[Path]) -> Draft:
    where = locate_image(image.file_name, folders)
    scale = number(image.pixel_size_um)
    usable = scale if _SCALES[0] < scale < _SCALES[1] else None
    return Draft(file, where, size(image.height, image.width) or known_size(where), usable, notes=image.notes)


def _add(annotation: _Annotation, draft: Draft, categories: Mapping[str, str]) -> None:
    box = _stated_box(annotation.bbox) or outline_box(annotation.segmentation)
    if box is None:
        draft.leave_out("an annotation without a box or an outline")
        return
    label = categories.get(_key(annotation.category_id))
    if label is None and annotation.category_id is not None:
        label = f"category {annotation.category_id}"
        draft.mended["of a category that is not listed, called by its number"] += 1
    if number(annotation.iscrowd, 0):
        draft.mended["marked as a crowd (iscrowd), taken as one cell"] += 1
    prediction = _prediction(annotation.attributes, label or "", number(annotation.score, 1.0))
    draft.add(box, label or "", number(annotation.score, 1.0), prediction)


def _stated_box(bbox: Any) -> Box | None:
    if not isinstance(bbox, (list, tuple)) or len(bbox) != 4:
        return None
    x, y, width, height = map(number, bbox)
    return (y, x, y + height, x + width) if any((x, y, width, height)) else None


def _attributes(field: Detections) -> Iterator[dict[str, Any]]:
    """Yield what is known of each cell beside its class: its correction with the prediction, and how sure it is."""
    columns = (field.correction_kinds, field.predicted_class_names, field.predicted_scores, field.observers)
    namings = zip(field.certainty.tolist(), field.novelty.tolist(), strict=True)
    for kind, name, score, who, naming in zip(*(column.tolist() for column in columns), namings, strict=True):
        predicted = {"predicted_class": name, "predicted_score": round(score, 4)} if name else {}
        corrected = {"corrected": kind, **predicted, **({"observer": who} if who else {})} if kind else {}
        named = zip(_NAMING, naming, strict=True)
        sure = {key: round(value, 4) for key, value in named if not math.isnan(value)}
        yield {"attributes": corrected | sure} if corrected or sure else {}


def _prediction(attributes: Any, label: str, score: float) -> Prediction | None:
    if not isinstance(attributes, dict):
        return None
    certainty, novelty = (number(attributes.get(key)) for key in _NAMING)
    if attributes.get("corrected") in KINDS[1:]:
        predicted = str(attributes.get("predicted_class", "")), number(attributes.get("predicted_score"))
        who = str(attributes.get("observer", ""))
        return Prediction(str(attributes["corrected"]), *predicted, certainty, novelty, who)
    if math.isnan(certainty) and math.isnan(novelty):  # attributes of another tool
        return None
    return Prediction("", label, score, certainty, novelty)


def _bbox(box: Box) -> dict[str, Any]:
    y0, x0, y1, x1 = box
    width, height = round(x1 - x0, 2), round(y1 - y0, 2)
    return {"bbox": [x0, y0, width, height], "area": round(width * height, 2), "iscrowd": 0}
