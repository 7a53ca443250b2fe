"""Files of boxes and classes, read and written: the formats of annotation tools, and tables.

Every format reads one `Detections` per image, all with the same classes, and writes any number of
fields at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import coco, geojson, points, via, voc, yolo
from napari_hemalens.formats.csv import holds_cells, read_cells, write_cells
from napari_hemalens.records.detections import Detections

__all__ = ["FORMATS", "Format", "check_formats", "export", "read_annotations"]


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is read, written and recognised.

    Attributes
    ----------
    read : callable
        Takes a path, and `split=` where the format has splits; returns one record per image.
    write : callable
        Takes fields and the path of a file, or of a folder if `one_file_per_image`.
    holds : callable
        Takes a path and a split; returns whether `read` would find something there.
    looks_for : str
        The files that identify the format, for messages.
    target : str
        Name of the file or folder in an export.
    one_file_per_image : bool
        Whether each image has its own file.
    """

    read: Callable[..., tuple[Detections, ...]]
    write: Callable[[Sequence[Detections], Path], None]
    holds: Callable[[Path, str | None], bool]
    looks_for: str
    target: str
    one_file_per_image: bool = False


FORMATS: Mapping[str, Format] = {
    "coco": Format(coco.read, coco.write, coco.holds, "a COCO JSON (coco.json, <split>.json)", "coco.json"),
    "voc": Format(voc.read, voc.write, voc.holds, "VOC XML files", "voc", True),
    "yolo": Format(yolo.read, yolo.write, yolo.holds, "YOLO's data.yaml", "yolo", True),
    "via": Format(via.read, via.write, via.holds, "a VIA JSON (via.json, <split>.json)", "via.json"),
    "geojson": Format(geojson.read, geojson.write, geojson.holds, "*.geojson", "geojson", True),
    "csv": Format(read_cells, write_cells, holds_cells, "a cells.csv", "cells.csv"),
}
"""The formats by name, in the order in which a folder is searched for them."""


def read_annotations(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 -- the natural word for users
    split: str | None = None,
) -> tuple[Detections, ...]:
    """Read the annotations in a file or folder, one record per image.

    Parameters
    ----------
    path : path
        A file, or a folder: `<split>.json` of COCO or VIA, the root of a VOC or YOLO data set,
        QuPath's GeoJSON, `cells.csv`, or a folder of `points`. A subfolder named after the split is searched too.
    format : str, optional
        One of `FORMATS`; by default detected.
    split : str, optional
        Split of the data set, such as 'train'.

    Raises
    ------
    AnnotationError
        If nothing is found, or a file does not follow its format.
    """
    where = Path(path)
    names = tuple(FORMATS) if format is None else check_formats([format])
    if not where.exists():
        raise AnnotationError(f"No such file or folder: {where}.")
    for name in names:
        found = FORMATS[name]
        if found.holds(where, split):
            return found.read(where, split=split) if split else found.read(where)
        if split and found.holds(where / split, None):
            return found.read(where / split)
    looked_for = [FORMATS[name].looks_for for name in names]
    if format is None:  # points are only read: they have no boxes to write
        if points.holds(where, split):
            return points.read(where, split=split)
        looked_for.append("points/*.csv (with <split>.txt for a split)")
    part = f" for the split {split!r}" if split else ""
    raise AnnotationError(f"No annotations{part} in {where}: looked for {', or '.join(looked_for)}.")


def export(fields: Sequence[Detections], out: str | Path, formats: Sequence[str]) -> tuple[Path, ...]:
    """Write the fields in several formats into the folder `out`.

    Returns
    -------
    tuple of Path
        What was written, in the order of `formats`: a file (`coco.json`, `via.json`, `cells.csv`)
        or a folder (`voc`, `yolo`, `geojson`).
    """
    targets = tuple(Path(out) / FORMATS[name].target for name in check_formats(formats))
    for name, target in zip(formats, targets, strict=True):
        FORMATS[name].write(fields, target)
    return targets


def check_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Return the names of formats unchanged.

    Raises
    ------
    AnnotationError
        If one is unknown.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise AnnotationError(f"No format {unknown[0]!r}. Known: {', '.join(FORMATS)}.")
    return tuple(formats)
