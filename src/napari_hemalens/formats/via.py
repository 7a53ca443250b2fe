"""VGG Image Annotator (VIA): projects and plain exports of versions 1 to 3, as JSON or CSV.

https://gitlab.com/vgg/via/-/blob/master/via-2.x.y/CodeDoc.md; a project of version 3 is described in
https://www.robots.ox.ac.uk/~vgg/software/via/docs/via3_project.html, its shapes are in `formats.via_shapes`. Rectangles
are written, in a project of version 2; other shapes are read as their bounding boxes. VIA does not store image sizes:
here they are written as file attributes; for other files they are read from the images. It shows images as their EXIF
orientation says.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from napari_hemalens.formats import documents
from napari_hemalens.formats.documents import mapping
from napari_hemalens.formats.draft import Draft, drafts_of, finish_drafts, number, size
from napari_hemalens.formats.image_names import folders_near, locate_image
from napari_hemalens.formats.images import known_size
from napari_hemalens.formats.naming import short_names
from napari_hemalens.formats.tables import read_table
from napari_hemalens.formats.via_shapes import drawn_box, numbered_box
from napari_hemalens.formats.writing import listed_classes, rounded_cells
from napari_hemalens.records.detections import Detections

_NONE = "is not a VIA file: it holds no images with regions."
_METADATA = "_via_img_metadata"
_COLUMNS = {"region_shape_attributes", "region_attributes"}
_CLASS_ATTRIBUTES = ("label", "name", "type", "category", "cell", "cell_type", "kind")
_Image = Mapping[str, Any]
"""An image as version 2 stores it: `filename`, `file_attributes` and `regions`."""


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find a VIA file there."""
    return any(_images(file) is not None for file in _files(path, split))


def read(
    path: Path,
    *,
    split: str | None = None,
    attribute: str = "class",
    names: Sequence[str] | None = None,
) -> tuple[Detections, ...]:
    """Read one record per image of all files.

    Parameters
    ----------
    path : Path
        The file, or its folder (`documents.files_of`). Images are searched beside it and in `images/`.
    split : str, optional
        Reads the file of that name, or the files in the folder of that name.
    attribute : str
        The region attribute with the class, text, menu or checkboxes; if a region lacks it, its only other attribute is
        used.
    names : sequence of str, optional
        The classes; by default those found, sorted.
    """
    drafts = drafts_of(path, _files(path, split), partial(_drafts, attribute=attribute), _NONE)
    return finish_drafts(drafts, names)


def write(fields: Sequence[Detections], path: Path) -> None:
    """Write the fields as a VIA 2 project, with the class as a menu and the score as text."""
    images = {}
    for name, detections in zip(short_names(fields), fields, strict=True):
        # VIA's key of an image is its name and size in bytes, by which it recognises files added later.
        in_bytes = _bytes_of(detections.provenance.image)
        images[f"{name}{in_bytes}"] = {
            "filename": name,
            "size": in_bytes,
            "regions": list(_written(detections)),
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


def _written(detections: Detections) -> Iterator[dict[str, Any]]:
    for (y0, x0, y1, x1), label, score in rounded_cells(detections):
        sides = {"width": round(x1 - x0, 2), "height": round(y1 - y0, 2)}
        yield {
            "shape_attributes": {"name": "rect", "x": x0, "y": y0, **sides},
            "region_attributes": {"class": label, "score": str(score)},
        }


def _files(path: Path, split: str | None) -> list[Path]:
    """Return files that may be VIA's: JSON, and tables."""
    if path.is_file() and path.suffix.lower() == ".csv":
        return [path]
    return documents.files_of(path, split, "via.json") or (sorted(path.glob("*.csv")) if split is None else [])


def _images(file: Path) -> list[_Image] | None:
    """Return the images of a file of any version, as version 2 stores them; None if it is no file of VIA."""
    if file.suffix.lower() == ".csv":
        return _table_images(file)
    found = documents.content(file)
    if not isinstance(found, dict):
        return None
    if {"file", "metadata"} <= found.keys():
        return _third_version(found)
    listed = found.get(_METADATA, found)
    images = list(listed.values()) if isinstance(listed, dict) else []
    whole: list[_Image] = [
        image for image in images if isinstance(image, dict) and "regions" in image and "filename" in image
    ]
    return whole if whole or _METADATA in found else None


def _table_images(file: Path) -> list[_Image] | None:
    header, rows = read_table(file)
    if not set(header) >= _COLUMNS:
        return None
    images: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = row.get("filename") or row.get("#filename") or ""
        attributes = _json(row.get("file_attributes"))
        image = images.setdefault(name, {"filename": name, "file_attributes": attributes, "regions": []})
        shape, kinds = (_json(row.get(column)) for column in ("region_shape_attributes", "region_attributes"))
        if shape or kinds:
            image["regions"].append({"shape_attributes": shape, "region_attributes": kinds})
    return list(images.values())


def _json(text: str | None) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {"unreadable": text}


def _third_version(project: Mapping[str, Any]) -> list[_Image]:
    """Return the images of a project of version 3: one table of regions, and views between it and the files."""
    attributes = {key: found for key, found in mapping(project.get("attribute")).items() if isinstance(found, dict)}
    views = mapping(project.get("view"))
    images: dict[str, dict[str, Any]] = {
        key: {"filename": str(entry.get("fname") or entry.get("src")), "regions": []}
        for key, entry in mapping(project.get("file")).items()
        if isinstance(entry, dict)
    }
    for region in mapping(project.get("metadata")).values():
        if not isinstance(region, dict):
            continue
        view = str(region.get("vid"))
        files = mapping(views.get(view)).get("fid_list")
        shape, values = region.get("xy"), mapping(region.get("av"))
        image = images.get(str(files[0]) if isinstance(files, list) and files else view)
        if image is not None and shape:  # else it is said of the whole image, or of a time
            image["regions"].append({"xy": shape, "region_attributes": dict(_third_attributes(values, attributes))})
    return list(images.values())


def _third_attributes(values: Mapping[str, Any], attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        about = mapping(attributes.get(key))
        options = mapping(about.get("options"))
        chosen = [str(options.get(part, part)) for part in str(value).split(",") if part.strip()]
        yield str(about.get("aname", key)), ", ".join(chosen)


def _drafts(file: Path, attribute: str) -> list[Draft] | None:
    """Return the drafts of a file of VIA; None if it is none."""
    images, folders = _images(file), folders_near(file)
    return None if images is None else [_draft(file, image, folders, attribute) for image in images]


def _draft(file: Path, image: _Image, folders: Sequence[Path], attribute: str) -> Draft:
    where = locate_image(str(image["filename"]), folders)
    stated = mapping(image.get("file_attributes"))
    shape = size(stated.get("height"), stated.get("width"))
    # Whoever wrote a size is this program, in the frame of the pixels.
    draft = Draft(file, where, shape or known_size(where), frame=None if shape else "shown")
    for region in _regions_of(image):
        _add(draft, region, attribute)
    return draft


def _regions_of(image: _Image) -> Iterable[Any]:
    found = image.get("regions")
    return found.values() if isinstance(found, dict) else found or ()  # VIA 1 numbers them


def _add(draft: Draft, region: Any, attribute: str) -> None:
    kinds = mapping(mapping(region).get("region_attributes"))
    read = numbered_box(region["xy"]) if "xy" in mapping(region) else drawn_box(mapping(region).get("shape_attributes"))
    if isinstance(read, str):
        draft.leave_out(read)
    else:
        draft.add(read, _label(kinds, attribute), number(kinds.get("score"), 1.0))


def _label(kinds: Mapping[str, Any], attribute: str) -> str:
    """Return the class that attributes state; '' if they state none."""
    found = {key: value for key, value in kinds.items() if key != "score"}
    wanted = next((key for key in found if key.casefold() == attribute.casefold()), None)
    if wanted is None:
        wanted = next((key for key in found if key.casefold() in _CLASS_ATTRIBUTES), None)
    if wanted is None and len(found) == 1:
        wanted = next(iter(found))
    value = found.get(wanted) if wanted is not None else None
    if isinstance(value, dict):  # checkboxes
        value = ", ".join(str(option) for option, ticked in value.items() if ticked in (True, "true", "1"))
    return value.strip() if isinstance(value, str) else ""
