"""Files of boxes and classes, read and written: the formats of annotation tools, and tables.

Every format reads one `Detections` per image, all with the same classes; those of `FORMATS` write any number of
fields at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from napari_hemalens.errors import AnnotationError
from napari_hemalens.extras import install_hint
from napari_hemalens.formats import (
    box_table,
    coco,
    create_ml,
    cvat,
    dicom,
    geojson,
    h5ad,
    label_studio,
    labelme,
    parquet,
    points,
    via,
    voc,
    yolo,
)
from napari_hemalens.formats.class_names import renamed
from napari_hemalens.formats.csv import holds_cells, read_cells, write_cells
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.formats.documents import split_names
from napari_hemalens.records.detections import Detections

__all__ = ["FORMATS", "READERS", "AnnotatedPart", "Format", "ReadFormat", "check_formats", "export", "read_annotations"]


@dataclass(frozen=True, slots=True)
class ReadFormat:
    """How one format is read and recognised.

    Attributes
    ----------
    read : callable
        Takes a path, and `split=` where the format has splits; returns one record per image.
    holds : callable
        Takes a path and a split; returns whether `read` would find something there.
    looks_for : str
        The files that identify the format, for messages.
    """

    read: Callable[..., tuple[Detections, ...]]
    holds: Callable[[Path, str | None], bool]
    looks_for: str


@dataclass(frozen=True, slots=True)
class Format(ReadFormat):
    """How one format is read, recognised and written.

    Attributes
    ----------
    write : callable
        Takes fields and the path of a file, or of a folder if `one_file_per_image`.
    target : str
        Name of the file or folder in an export.
    one_file_per_image : bool
        Whether each image has its own file.
    packages : tuple of str
        What has to be installed beside HemaLens.
    has_pixel_size : bool
        Whether the pixel size of an image has a place in it.
    """

    write: Callable[[Sequence[Detections], Path], None]
    target: str
    one_file_per_image: bool = False
    packages: tuple[str, ...] = ()
    has_pixel_size: bool = True

    @property
    def install_hint(self) -> str:
        """What to install, in a sentence; empty where nothing is missing."""
        return install_hint(f"The format {PurePath(self.target).suffix[1:]}", self.packages, "exchange")


def _read_table(path: Path, *, split: str | None = None) -> tuple[Detections, ...]:
    """Read a table: one of cells as it is written here, else one of boxes as other tools write them."""
    is_ours = split is None and (holds_cells(path) or not box_table.holds(path))
    return read_cells(path) if is_ours else box_table.read(path, split=split)


def _holds_table(path: Path, split: str | None = None) -> bool:
    return holds_cells(path, split) or box_table.holds(path, split) or path.suffix.lower() == ".csv"


FORMATS: Mapping[str, Format] = {
    "coco": Format(coco.read, coco.holds, "a COCO JSON", coco.write, "coco.json"),
    "voc": Format(voc.read, voc.holds, "VOC XML files", voc.write, "voc", True, has_pixel_size=False),
    "yolo": Format(
        yolo.read, yolo.holds, "YOLO's data.yaml or classes.txt", yolo.write, "yolo", True, has_pixel_size=False
    ),
    "via": Format(via.read, via.holds, "a VIA JSON or CSV", via.write, "via.json", has_pixel_size=False),
    "geojson": Format(geojson.read, geojson.holds, "GeoJSON", geojson.write, "geojson", True, has_pixel_size=False),
    "csv": Format(_read_table, _holds_table, "a cells.csv or another table of boxes", write_cells, "cells.csv"),
    "parquet": Format(
        parquet.read, parquet.holds, "a Parquet file", parquet.write, "cells.parquet", packages=parquet.PACKAGES
    ),
    "h5ad": Format(h5ad.read, h5ad.holds, "AnnData", h5ad.write, "cells.h5ad", packages=h5ad.PACKAGES),
}
"""The formats that are read and written, by name, in the order in which a folder is searched for them."""

READERS: Mapping[str, ReadFormat] = {
    **FORMATS,
    "cvat": ReadFormat(cvat.read, cvat.holds, "CVAT's XML"),
    "label_studio": ReadFormat(label_studio.FORMAT.read, label_studio.FORMAT.holds, "Label Studio's JSON"),
    "labelme": ReadFormat(labelme.FORMAT.read, labelme.FORMAT.holds, "LabelMe's JSON"),
    "create_ml": ReadFormat(create_ml.FORMAT.read, create_ml.FORMAT.holds, "Create ML's JSON"),
    "dicom": ReadFormat(dicom.read, dicom.holds, "DICOM's bulk annotations"),
}
"""All formats that are read; the last five are what tools and archives call their own, and are not written."""


def read_annotations(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 -- the natural word for users
    split: str | None = None,
    classes: Mapping[str, str] | None = None,
) -> tuple[Detections, ...]:
    """Read the annotations in a file or folder, one record per image.

    Parameters
    ----------
    path : path
        A file, or a folder in a layout that the usual tools write: COCO or VIA, the root of a VOC or YOLO data set,
        QuPath's GeoJSON, tables of boxes, or a folder of `points`. A subfolder named after the split is searched too,
        and those that `export` writes are.
    format : str, optional
        One of `READERS`; by default detected.
    split : str, optional
        Split of the data set, such as 'train'; 'val' and 'valid' are the same.
    classes : mapping of str to str, optional
        What to call the classes of the file; '' leaves their cells out (`formats.class_names`).

    Raises
    ------
    AnnotationError
        If nothing is found, or a file does not follow its format.
    """
    where = Path(path)
    names = tuple(READERS) if format is None else _check_known([format], READERS)
    if not where.exists():
        raise AnnotationError(f"No such file or folder: {where}.")
    with decoding(f"Cannot read the annotations in {where}", AnnotationError):
        found = _read(where, names, split)
    if found is None and format is None and points.holds(where, split):  # only read: they have no boxes to write
        found = points.read(where, split=split)
    if found is None:
        more = () if format else ("points/*.csv (with <split>.txt for a split)",)
        looked_for = ", or ".join((*(READERS[name].looks_for for name in names), *more))
        part = f" for the split {split!r}" if split else ""
        raise AnnotationError(f"No annotations{part} in {where}: looked for {looked_for}.")
    return renamed(found, classes or {})


@dataclass(frozen=True, slots=True)
class AnnotatedPart:
    """Annotated images that weights are measured on.

    Attributes
    ----------
    path : Path
        A file or folder as `read_annotations` takes it.
    split : str
        The part of it.
    classes : mapping of str to str
        What to call its classes.
    """

    path: Path
    split: str
    classes: Mapping[str, str] | None = None

    def read(self) -> tuple[Detections, ...]:
        """Read them; see `read_annotations`."""
        return read_annotations(self.path, split=self.split, classes=self.classes)


def _read(where: Path, names: Sequence[str], split: str | None) -> tuple[Detections, ...] | None:
    for name in names:
        found = READERS[name]
        if found.holds(where, split):
            return found.read(where, split=split) if split else found.read(where)
        inside = [where / part for part in split_names(split or "") if split and found.holds(where / part, None)]
        if inside:
            return found.read(inside[0])
    # A folder that `export` has written to: of formats with a file an image, all lies in a subfolder.
    written = [each.target for name, each in FORMATS.items() if name in names and each.one_file_per_image]
    inner = (_read(where / target, names, split) for target in written if (where / target).is_dir())
    return next((fields for fields in inner if fields is not None), None)


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


def check_formats(formats: Sequence[str], *, beside: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of formats unchanged; `beside` are those that the caller takes, too, and has taken out.

    Raises
    ------
    AnnotationError
        If one is unknown, or needs a package that is not installed.
    """
    for name in _check_known(formats, FORMATS, beside):
        if hint := FORMATS[name].install_hint:
            raise AnnotationError(hint)
    return tuple(formats)


def _check_known(
    formats: Sequence[str], known: Mapping[str, ReadFormat], beside: Sequence[str] = ()
) -> tuple[str, ...]:
    unknown = [name for name in formats if name not in known]
    if unknown:
        raise AnnotationError(f"No format {unknown[0]!r}. Known: {', '.join((*known, *beside))}.")
    return tuple(formats)
