"""Files of DICOM, told apart by their header alone: levels of a whole slide, and bulk annotations of one.

A slide is a series: a file for each level, and some for label and overview, all in one folder, as the Imaging Data
Commons hands it out (`<patient>/<study>/SM_<series>/*.dcm`, its annotations in `<patient>/<study>/ANN_<series>/`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from napari_hemalens.errors import ImageError, MissingPackageError
from napari_hemalens.extras import optional_module
from napari_hemalens.formats.decoding import decoding

Kind: TypeAlias = Literal["level", "picture", "annotations", "other"]
"""A level of a slide; its label, overview or thumbnail; annotations; anything else in DICOM."""

_MARK_AT, _MARK = 128, b"DICM"
_SUFFIXES = (".dcm", ".dicom", "")
_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"  # VL Whole Slide Microscopy Image Storage
_ANNOTATIONS = "1.2.840.10008.5.1.4.1.1.91.1"  # Microscopy Bulk Simple Annotations Storage
_READ = (
    *("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "PatientID", "SeriesDescription", "ImageType"),
    *("TotalPixelMatrixRows", "TotalPixelMatrixColumns", "SharedFunctionalGroupsSequence"),
    *("ReferencedSeriesSequence", "ReferencedImageSequence"),
)


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a DICOM file says.

    Attributes
    ----------
    file : Path
        The file.
    kind : Kind
        What it holds.
    series, instance, patient, description : str
        Identifiers of its series, of itself and of the patient; the description of its series.
    shape : (int, int)
        Height and width of a level in pixels; 0, 0 of anything else.
    pixel_size_um : (float, float) or None
        Micrometres from one row, and from one column, of a level to the next.
    slide, level : str
        Of annotations, the series and the instance that they lie in.
    """

    file: Path
    kind: Kind
    series: str = ""
    instance: str = ""
    patient: str = ""
    description: str = ""
    shape: tuple[int, int] = (0, 0)
    pixel_size_um: tuple[float, float] | None = None
    slide: str = ""
    level: str = ""


def is_dicom(file: Path) -> bool:
    """Whether a file is DICOM by its mark, which follows 128 bytes of anything."""
    try:
        with file.open("rb") as stream:
            return stream.read(_MARK_AT + len(_MARK))[_MARK_AT:] == _MARK
    except OSError:
        return False


def is_dicom_slide(folder: Path) -> bool:
    """Whether a folder holds the levels of one slide; without pydicom, whether it holds DICOM."""
    found = next(_dicom_in(folder), None)
    if found is None:
        return False
    try:
        optional_module("pydicom", "DICOM", "slides")
    except MissingPackageError:
        return True  # opening it says so
    return len({header.series for header in headers([folder]) if header.kind == "level"}) == 1


def is_level(file: Path) -> bool:
    """Whether a file is a level of a slide; without pydicom, whether it is DICOM."""
    try:
        return is_dicom(file) and header(file).kind == "level"
    except ImageError:
        return True  # opening it says what is wrong


def levels_of(path: Path) -> tuple[Header, ...]:
    """Return the levels of the slide in a folder, or of that which a file belongs to, finest first.

    Raises
    ------
    ImageError
        If there is none, a folder holds several, or pydicom is not installed.
    """
    found = [each for each in headers([path if path.is_dir() else path.parent]) if each.kind == "level"]
    if not path.is_dir():
        series = header(path).series
        found = [each for each in found if each.series == series]
    if not found:
        raise ImageError("it is DICOM, but no whole slide.")
    if len({each.series for each in found}) > 1:
        raise ImageError("it is a folder of several DICOM slides: give a file of the one that is meant.")
    return tuple(sorted(found, key=lambda each: -each.shape[0] * each.shape[1]))


def slide_path(levels: Iterable[Header]) -> Path:
    """Return what to call the slide of these levels: their folder, or the finest one's file where others lie there."""
    finest = max(levels, key=lambda each: each.shape[0] * each.shape[1])
    return finest.file.parent if is_dicom_slide(finest.file.parent) else finest.file


def headers(places: Iterable[Path], *, deep: bool = False) -> tuple[Header, ...]:
    """Return the headers of the DICOM files directly in folders, or `deep` in them; of files, theirs."""
    files = {file: None for place in places for file in ([place] if place.is_file() else _dicom_in(place, deep))}
    return tuple(header(file) for file in files if is_dicom(file))


def header(file: Path) -> Header:
    """Return the header of one file.

    Raises
    ------
    ImageError
        If it is damaged, or pydicom is not installed.
    """
    with decoding(f"Cannot read {file}", ImageError):
        return _header(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=8192)
def _header(file: Path, changed: int) -> Header:
    del changed  # of the key: a file that has changed is read anew
    pydicom = optional_module("pydicom", "DICOM", "slides")
    said = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(_READ))
    tags = ("SeriesInstanceUID", "SOPInstanceUID", "PatientID", "SeriesDescription")
    series, instance, patient, description = (str(said.get(tag, "")) for tag in tags)
    found = Header(file, _kind(str(said.get("SOPClassUID", "")), said), series, instance, patient, description)
    if found.kind == "annotations":
        return replace(found, slide=_slide(said), level=_level(said))
    if found.kind == "level":
        shape = int(said.TotalPixelMatrixRows), int(said.TotalPixelMatrixColumns)
        return replace(found, shape=shape, pixel_size_um=_pixel_size(said))
    return found


def _kind(stored: str, said: Any) -> Kind:
    if stored == _SLIDE:
        return "level" if "VOLUME" in said.get("ImageType", ()) else "picture"
    return "annotations" if stored == _ANNOTATIONS else "other"


def _pixel_size(said: Any) -> tuple[float, float] | None:
    for shared in said.get("SharedFunctionalGroupsSequence", ()):
        for measures in shared.get("PixelMeasuresSequence", ()):
            rows, columns = measures.PixelSpacing  # millimetres
            return float(rows) * 1000, float(columns) * 1000
    return None


def _slide(said: Any) -> str:
    return next((str(each.SeriesInstanceUID) for each in said.get("ReferencedSeriesSequence", ())), "")


def _level(said: Any) -> str:
    return next((str(each.ReferencedSOPInstanceUID) for each in said.get("ReferencedImageSequence", ())), "")


def _dicom_in(folder: Path, deep: bool = False) -> Iterator[Path]:
    """Yield the files of a folder that are DICOM by suffix and mark, in their order."""
    try:
        listed = sorted(folder.rglob("*") if deep else folder.iterdir())
    except (OSError, ValueError):  # no folder, nor a name that one can have
        return
    for file in listed:
        if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".") and file.is_file() and is_dicom(file):
            yield file
