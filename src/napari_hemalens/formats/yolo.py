"""YOLO: one text file per image, one box per line, https://docs.ultralytics.com/datasets/detect.

A line is `class cx cy width height`, the last four as fractions of the image; a sixth number is the
score. The size of the image is read from the image, or from `data.yaml`, where `write` stores it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.documents import first_fault
from napari_hemalens.formats.draft import Draft, finish_drafts, floats
from napari_hemalens.formats.images import IMAGE_SUFFIXES, header_size, locate_image
from napari_hemalens.formats.writing import listed_classes, one_file_each, rounded_cells
from napari_hemalens.records.detections import Detections


class _Note(BaseModel):
    """The name and size of an image, stored by `write`."""

    file_name: str
    height: int
    width: int


class _Data(BaseModel):
    model_config = ConfigDict(extra="allow")  # the splits are keys too

    names: dict[int, str]
    path: str = ""
    hemalens: dict[str, _Note] = Field(default_factory=dict)  # by stem of the label file

    @field_validator("names", mode="before")
    @classmethod
    def _number_names(cls, names: Any) -> Any:
        return dict(enumerate(names)) if isinstance(names, list) else names


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find a YOLO data set there."""
    file = _data_file(path)
    if file.suffix not in {".yaml", ".yml"} or not file.is_file():
        return False
    return split is None or split in _splits(_data(file))


def read(path: Path, *, split: str | None = None) -> tuple[Detections, ...]:
    """Read one record per image; an image without a label file has no cells.

    Parameters
    ----------
    path : Path
        `data.yaml`, or its folder, with `labels/` and `images/`, searched recursively.
    split : str, optional
        A key of `data.yaml` that names a folder of images; the path of their labels has `labels`
        instead of `images`.
    """
    file = _data_file(path)
    data = _data(file)
    images = file.parent / "images" if split is None else _split_folder(file, data, split)
    labels = _labels_of(images)
    pictures = {_key(p, images): p for p in images.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES}
    texts = {_key(p, labels): p for p in labels.rglob("*.txt")}
    if not pictures and not texts:
        raise AnnotationError(f"{file}: both {images} and {labels} are empty.")
    drafts = []
    for key in sorted({*pictures, *texts}):
        note, picture = data.hemalens.get(key), pictures.get(key)
        draft = _draft(texts.get(key, file), images, note, picture)
        if key in texts:
            _add_lines(draft, data.names)
        drafts.append(draft)
    return finish_drafts(drafts, dict.fromkeys(data.names[number] for number in sorted(data.names)))


def write(fields: Sequence[Detections], path: Path) -> None:
    """Write `labels/` and `data.yaml` into the folder `path`; the images belong in `images/`."""
    classes = {name: number for number, name in enumerate(listed_classes(fields))}
    notes = {}
    for stem, name, detections in one_file_each(fields):
        height, width = detections.image_shape
        notes[stem] = {"file_name": name, "height": height, "width": width}
        with writing(path / "labels" / f"{stem}.txt") as temporary:
            temporary.write_text("".join(_lines(detections, classes)), encoding="utf-8")
    data = {
        "train": "images",
        "val": "images",
        "names": {number: name for name, number in classes.items()},
        "hemalens": notes,
    }
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    with writing(path / "data.yaml") as temporary:
        temporary.write_text(text, encoding="utf-8")


def _data_file(path: Path) -> Path:
    return path / "data.yaml" if path.is_dir() else path


def _data(file: Path) -> _Data:
    try:
        return _Data.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise AnnotationError(f"Cannot read {file}: {error.strerror}.") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise AnnotationError(f"{file} is not YAML: {error}.") from error
    except ValidationError as error:
        raise AnnotationError(f"{file} is not a YOLO data set: {first_fault(error)}.") from error


def _splits(data: _Data) -> Mapping[str, str]:
    return {key: value for key, value in (data.model_extra or {}).items() if isinstance(value, str)}


def _split_folder(file: Path, data: _Data, split: str) -> Path:
    splits = _splits(data)
    if split not in splits:
        raise AnnotationError(f"{file} has no folder for {split!r}. Known: {', '.join(splits)}.")
    # `path` is often from another machine, and Roboflow writes '../train/images' for 'train/images'.
    near = file.parent / splits[split].removeprefix("../")
    candidates = (file.parent / data.path / splits[split], file.parent / splits[split], near)
    return next((c for c in candidates if c.is_dir()), near)


def _labels_of(images: Path) -> Path:
    parts = list(images.parts)
    if "images" in parts:
        last = len(parts) - 1 - parts[::-1].index("images")
        parts[last] = "labels"
    return Path(*parts)


def _key(file: Path, folder: Path) -> str:
    return file.relative_to(folder).with_suffix("").as_posix()


def _draft(source: Path, images: Path, note: _Note | None, picture: Path | None) -> Draft:
    if note is not None:
        return Draft(source, locate_image(note.file_name, [images]), (note.height, note.width))
    if picture is None:
        raise AnnotationError(f"{source} has no image of the same name in {images}, so its size is unknown.")
    return Draft(source, str(picture), header_size(picture))


def _add_lines(draft: Draft, names: Mapping[int, str]) -> None:
    height, width = draft.shape or (0, 0)
    for number, line in enumerate(draft.source.read_text(encoding="utf-8").splitlines(), start=1):
        where = f"{draft.source}, line {number}"
        values = floats(line.split(), where)
        if not values:
            continue
        if len(values) not in {5, 6}:
            raise AnnotationError(f"{where}: {len(values)} numbers; a box has 5, and the score is the 6th.")
        index, cx, cy, w, h = values[:5]
        if index not in names:
            known = ", ".join(f"{k} {v}" for k, v in names.items())
            raise AnnotationError(f"{where}: class {index:g} is not in data.yaml. Known: {known}.")
        near, far = (cy - h / 2, cx - w / 2), (cy + h / 2, cx + w / 2)
        box = (near[0] * height, near[1] * width, far[0] * height, far[1] * width)
        score = values[5] if len(values) > 5 else 1.0
        draft.add(box, names[int(index)], score)


def _lines(detections: Detections, classes: Mapping[str, int]) -> Iterator[str]:
    height, width = detections.image_shape
    for (y0, x0, y1, x1), label, score in rounded_cells(detections):
        shares = (
            (x0 + x1) / 2 / width,
            (y0 + y1) / 2 / height,
            (x1 - x0) / width,
            (y1 - y0) / height,
        )
        # Eight decimals: a thousandth of a pixel in an image of 100,000.
        yield f"{classes[label]} {' '.join(f'{share:.8f}' for share in shares)} {score}\n"
