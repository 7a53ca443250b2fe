"""YOLO: one text file per image, one box or outline per line, https://docs.ultralytics.com/datasets/detect.

A line is `class cx cy width height`, the last four as fractions of the image; a sixth number is the score. A line of
the corners of a polygon, as of segmentation and of turned boxes, is read as the box around it. Where folders and
names of classes lie, `formats.yolo_layout` says. The size of the image is read from the image, or from `data.yaml`,
where `write` stores it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.documents import read_text
from napari_hemalens.formats.draft import Draft, finish_drafts, number
from napari_hemalens.formats.image_names import locate_image
from napari_hemalens.formats.images import header_size
from napari_hemalens.formats.shapes import bounds
from napari_hemalens.formats.writing import listed_classes, one_file_each, rounded_cells
from napari_hemalens.formats.yolo_layout import Layout, Note, layout_of
from napari_hemalens.records.detections import Detections

_BOX = 5  # numbers of a line: class and box


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find a YOLO data set there."""
    return layout_of(path, split) is not None


def read(path: Path, *, split: str | None = None) -> tuple[Detections, ...]:
    """Read one record per image; an image without a label file has no cells.

    Parameters
    ----------
    path : Path
        `data.yaml`, or a folder as `yolo_layout` describes it, searched recursively.
    split : str, optional
        A key of `data.yaml` that names a folder of images, or a list of them; or a folder of that name.
    """
    layout = layout_of(path, split)
    if layout is None:
        raise AnnotationError(f"{path} is no YOLO data set: it has no data.yaml, nor a list of classes beside labels.")
    drafts = [_read_image(key, layout) for key in sorted({*layout.pictures, *layout.texts})]
    if not drafts:
        raise AnnotationError(f"{layout.source}: neither an image nor a file of labels is there.")
    names = dict.fromkeys(layout.names[index] for index in sorted(layout.names))
    return finish_drafts(drafts, dict.fromkeys([*names, *sorted({n for draft in drafts for n in draft.classes})]))


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


def _read_image(key: str, layout: Layout) -> Draft:
    draft = _draft(layout.texts.get(key, layout.source), layout, layout.notes.get(key), layout.pictures.get(key))
    if key in layout.texts:
        for line in read_text(layout.texts[key]).splitlines():
            _add(draft, line, layout)
    return draft


def _draft(source: Path, layout: Layout, note: Note | None, picture: Path | None) -> Draft:
    if note is not None:
        return Draft(source, locate_image(note.file_name, layout.folders), (note.height, note.width))
    if picture is None:
        folders = ", ".join(map(str, layout.folders))
        raise AnnotationError(f"{source} has no image of the same name in {folders}, so its size is unknown.")
    return Draft(source, str(picture), header_size(picture))


def _add(draft: Draft, line: str, layout: Layout) -> None:
    values = [number(text) for text in line.replace(";", " ").split()]
    if not values:
        return
    label = layout.names.get(int(values[0])) if values[0] == values[0] // 1 else None
    shares = _shares(values, layout.keypoints)
    if shares is None or values[0] != values[0] // 1:
        draft.leave_out("a line that is neither a box nor a polygon")
        return
    if label is None:
        label = f"class {int(values[0])}"
        draft.mended["of a class without a name, called by its number"] += 1
    height, width = draft.shape or (0, 0)
    (y0, x0, y1, x1), score = shares
    draft.add((y0 * height, x0 * width, y1 * height, x1 * width), label, score)


def _shares(values: Sequence[float], keypoints: bool) -> tuple[tuple[float, float, float, float], float] | None:
    """Return box and score of a line, as fractions of the image; None if it holds neither box nor polygon."""
    if len(values) < _BOX:
        return None
    if len(values) <= _BOX + 1 or keypoints:
        cx, cy, w, h = values[1:_BOX]
        score = values[_BOX] if len(values) == _BOX + 1 else 1.0
        return (cy - h / 2, cx - w / 2, cy + h / 2, cx + w / 2), score
    odd = len(values) % 2  # else a score follows the corners
    corners = values[1:] if odd else values[1:-1]
    return bounds(zip(corners[::2], corners[1::2], strict=True)), 1.0 if odd else values[-1]


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
