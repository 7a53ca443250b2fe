"""Annotations from one format to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import FORMATS, check_formats, export, read_annotations
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.formats.named_cells import read as read_named_cells
from napari_hemalens.formats.naming import check_apart, file_stems, short_names

__all__ = [
    "FORMATS",
    "Converted",
    "NamedCells",
    "convert_annotations",
    "file_stems",
    "holds_annotations",
    "read_annotations",
    "read_named_cells",
    "short_names",
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
    """

    target: Path
    images: int
    cells: int


def holds_annotations(path: str | Path) -> bool:
    """Return whether a file or folder looks like annotations of some format."""
    where = Path(path)
    if not where.exists():
        return False
    try:
        return any(known.holds(where, None) for known in FORMATS.values())
    except AnnotationError:  # no JSON, say
        return False


def convert_annotations(data: Sequence[str | Path], out: str | Path, *, to: str, split: str | None = None) -> Converted:
    """Read annotations of any known format, and write all of them in another.

    Parameters
    ----------
    data : sequence of path
        Files or folders as `formats.read_annotations` takes them; their classes may differ.
    out : path
        Folder for the result; none that holds annotations that are read.
    to : str
        A key of `formats.FORMATS`.
    split : str, optional
        Part of each folder, such as 'train'.

    Raises
    ------
    AnnotationError
        If nothing is found to read, or a format is not known.
    RecipeError
        If `out` holds what is read.
    """
    check_formats([to])
    fields = [field for path in data for field in read_annotations(path, split=split)]
    if not fields:
        raise AnnotationError(f"No annotated image in {', '.join(map(str, data))}.")
    # Of a folder, whatever in it holds the annotations.
    check_apart(Path(out), (path / "annotations" if path.is_dir() else path for path in map(Path, data)))
    (target,) = export(fields, out, [to])
    return Converted(target, len(fields), sum(map(len, fields)))
