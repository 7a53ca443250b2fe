"""Annotations from one format to another."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import FORMATS, READERS, check_formats, export, read_annotations
from napari_hemalens.formats.class_names import by_meaning, read_class_names, renamed, unknown_names
from napari_hemalens.formats.destinations import check_folder, check_new
from napari_hemalens.formats.draft import SIZE_GUESSED
from napari_hemalens.formats.image_names import called
from napari_hemalens.formats.image_parts import join_parts
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.formats.named_cells import read as read_named_cells
from napari_hemalens.formats.naming import check_apart, file_stems, short_names
from napari_hemalens.formats.results import holds_classified
from napari_hemalens.progress import counted
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.notes import listed, pooled_notes

__all__ = [
    "FORMATS",
    "SIZE_GUESSED",
    "Converted",
    "NamedCells",
    "by_meaning",
    "called",
    "convert_annotations",
    "file_stems",
    "holds_annotations",
    "join_parts",
    "read_annotations",
    "read_class_names",
    "read_named_cells",
    "short_names",
    "unknown_names",
]


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written.

    Attributes
    ----------
    target : Path
        File, or folder where a format has a file an image.
    images, cells : int
        How many.
    notes : tuple of str
        What was left out, not read as written, or guessed; and classes of which it is not known what they are.
    """

    target: Path
    images: int
    cells: int
    notes: tuple[str, ...] = ()


def holds_annotations(path: str | Path) -> bool:
    """Return whether a file or folder looks like annotations of some format."""
    where = Path(path)
    if not where.exists():
        return False
    try:
        return any(known.holds(where, None) for known in READERS.values())
    except AnnotationError:  # no JSON, say
        return False


def convert_annotations(
    data: Sequence[str | Path],
    out: str | Path,
    *,
    to: str,
    split: str | None = None,
    classes: Mapping[str, str] | None = None,
) -> Converted:
    """Read annotations of any known format, and write all of them in another.

    Parameters
    ----------
    data : sequence of path
        Files or folders as `formats.read_annotations` takes them, or images as OME-Zarr with cells by box in them;
        their classes may differ.
    out : path
        Folder for the result; none that holds annotations that are read.
    to : str
        A key of `formats.FORMATS`.
    split : str, optional
        Part of each folder, such as 'train'.
    classes : mapping of str to str, optional
        What to call the classes of the files; '' leaves their cells out. Others keep their names.

    Raises
    ------
    AnnotationError
        If nothing is found to read, or a format is not known.
    RecipeError
        If `out` cannot be written to, holds what is read, or annotations of that format already.
    """
    check_formats([to])
    check_folder(Path(out))
    check_new([Path(out) / FORMATS[to].target])
    fields = [field for path in data for field in _read(Path(path), split, classes)]
    if not fields:
        raise AnnotationError(f"No annotated image in {', '.join(map(str, data))}.")
    # Of a folder, whatever in it holds the annotations.
    check_apart(Path(out), (path / "annotations" if path.is_dir() else path for path in map(Path, data)))
    target = Path(out) / FORMATS[to].target
    try:
        export(fields, out, [to])
    except BaseException:  # stopped, too: a file an image, and none that is missing is missed
        shutil.rmtree(target, ignore_errors=True)
        raise
    notes = pooled_notes([(field.provenance.image, field.provenance.notes) for field in fields])
    said = (*notes, *_shared_names(fields), *_unknown_classes(fields), *_lost_sizes(fields, to))
    return Converted(target, len(fields), sum(map(len, fields)), said)


def _read(path: Path, split: str | None, classes: Mapping[str, str] | None) -> tuple[Detections, ...]:
    """Read annotations; of an image as OME-Zarr, the cells that lie beside it.

    Raises
    ------
    AnnotationError
        If there are none, or cells that have outlines and no boxes.
    """
    if path.is_dir() and holds_classified(path):
        raise AnnotationError(
            f"{path} holds classified cells, which have outlines and no boxes: `hemalens classify --formats` writes "
            "them in other formats."
        )
    if path.is_dir() and split is None:
        from napari_hemalens.workflows.ome_zarr import boxes_in  # noqa: PLC0415 -- loads zarr

        if found := boxes_in(path):
            return renamed(found, classes or {})
    return read_annotations(path, split=split, classes=classes)


def _shared_names(fields: Sequence[Detections]) -> Iterator[str]:
    """Yield a sentence about images of one name: read twice, or of folders that the annotations do not say."""
    names, others = short_names(fields), list[int]()
    first: dict[str, int] = {}
    for row, field in enumerate(fields):
        if first.setdefault(field.provenance.title, row) != row:
            others.append(row)
    if others:
        shared = dict.fromkeys(names[first[fields[row].provenance.title]] for row in others)
        yield (
            f"{counted(len(shared), 'name')} of images are given more than once ({listed(tuple(shared))}): each set of "
            f"cells is written, the others under names such as {names[others[0]]}."
        )


def _unknown_classes(fields: Sequence[Detections]) -> Iterator[str]:
    """Yield a sentence that names the classes of which it is not known what they are."""
    if found := unknown_names(fields):
        listed = ", ".join(f"{name!r} ({count:,})" for name, count in found.items())
        yield f"It is not known what kind of cell these classes are: {listed}. --classes FILE says what to call them."


def _lost_sizes(fields: Sequence[Detections], to: str) -> Iterator[str]:
    """Yield a sentence where pixel sizes are known, and the format has no place for them."""
    sizes = [size for field in fields if (size := field.provenance.pixel_size_um) is not None]
    if sizes and not FORMATS[to].has_pixel_size:
        span = " to ".join(dict.fromkeys(f"{size:.4g}" for size in (min(sizes), max(sizes))))
        keeping = ", ".join(name for name, known in FORMATS.items() if known.has_pixel_size)
        yield (
            f"{to} has no place for the pixel size ({span} µm): say it by --pixel-size to what reads these files; "
            f"of the formats {keeping} keep it."
        )
