"""The design of an experiment: the replicate and concentration of each image, read from a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.tables import read_rows

_COLUMNS = ("image", "replicate", "concentration")


@dataclass(frozen=True, slots=True)
class Sample:
    """What an image shows.

    Attributes
    ----------
    replicate, concentration : str
        Names from the design; empty where it has only one.
    """

    replicate: str = ""
    concentration: str = ""


def read_design(path: str | Path) -> dict[str, Sample]:
    """Read a CSV file with the columns image, replicate and concentration; either of the last two may be missing.

    Raises
    ------
    AnnotationError
        If it cannot be read, lacks a column, or names an image twice.
    """
    file = Path(path)
    rows = read_rows(file, ("image",), "images and what they are of", optional=_COLUMNS[1:])
    if not {*_COLUMNS[1:]} & {name for row in rows for name in row}:
        raise AnnotationError(f"{file} is not a design: it needs a column replicate or concentration.")
    design: dict[str, Sample] = {}
    for row in rows:
        if row["image"] in design:
            raise AnnotationError(f"{file} names the image {row['image']!r} twice.")
        design[row["image"]] = Sample(*(row.get(column, "").strip() for column in _COLUMNS[1:]))
    return design


def samples_of(images: Sequence[str], design: Mapping[str, Sample] | None) -> tuple[Sample, ...]:
    """Return the sample of each image, found in the design by name, base name, or base name without suffix.

    Raises
    ------
    AnnotationError
        If the design lacks an image.
    """
    if design is None:
        return (Sample(),) * len(images)
    samples = []
    for image in images:
        path = PurePath(image)
        found = next((design[name] for name in (image, path.name, path.stem) if name in design), None)
        if found is None:
            raise AnnotationError(f"The design does not name the image {image!r}. It names {', '.join(design)}.")
        samples.append(found)
    return tuple(samples)
