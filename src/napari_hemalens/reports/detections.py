"""Results as tables that statistics programs read, and as a text for terminals.

CSV files are UTF-8 with `.` as the decimal sign; images are called as in the rest of an export.
"""

import csv
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from napari_hemalens._version import __version__
from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.naming import Draft, Record, finished, floats, short_names
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.differential import Differential, Row, Tissue
from napari_hemalens.records.taxonomy import ICSH, Taxonomy

RESEARCH_USE = "For research use; not a diagnostic device."

_CELL_COLUMNS = (
    *("image", "cell", "class", "score", "y0", "x0", "y1", "x1", "y", "x", "area_px", "area_um2"),
    # What a reader of the table needs to place the boxes again.
    *("image_height", "image_width", "pixel_size_um"),
)
_NEEDED = ("image", "class", "score", "y0", "x0", "y1", "x1")
_COUNT_COLUMNS = ("count", "percent", "low", "high")
_PACKAGES = ("torch", "torchvision", "numpy")


def cells_rows(fields: Sequence[Detections]) -> list[dict[str, Any]]:
    """Return one row a cell, by column.

    `cell` counts from 1 inside each image, in the order of the record. Coordinates are in pixels,
    the far edge excluded; `y`, `x` is the centre; areas are those of the boxes. What is not known
    is None.
    """
    rows: list[dict[str, Any]] = []
    for image, detections in zip(short_names(fields), fields, strict=True):
        rows += _image_rows(image, detections)
    return rows


def write_cells(fields: Sequence[Detections], path: str | Path) -> None:
    """Write `cells.csv`: the rows of `cells_rows`. An image without cells has no row."""
    write_csv(path, _CELL_COLUMNS, (row.values() for row in cells_rows(fields)))


def holds_cells(path: Path, split: str | None = None) -> bool:
    """Whether `read_cells` would find a table there."""
    return split is None and (path.suffix == ".csv" or (path / "cells.csv").is_file())


def read_cells(path: str | Path) -> tuple[Detections, ...]:
    """Read `cells.csv`, one record an image.

    The columns needed are image, class, score, y0, x0, y1, x1; without `image_height` and
    `image_width` an image ends with its boxes. `path` may be the folder of the file.
    """
    file = Path(path) / "cells.csv" if Path(path).is_dir() else Path(path)
    drafts: dict[str, Draft] = {}
    for number, row in enumerate(read_rows(file, _NEEDED, "cells"), start=2):  # line 1 holds the names of the columns
        where = f"{file}, line {number}"
        image = row["image"]
        if image not in drafts:
            drafts[image] = _draft(file, row, where)
        y0, x0, y1, x1, score = floats((row[c] for c in ("y0", "x0", "y1", "x1", "score")), where)
        drafts[image].add((y0, x0, y1, x1), row["class"], score)
    return finished(list(drafts.values()))


def write_counts(
    fields: Sequence[Detections],
    path: str | Path,
    *,
    tissue: Tissue = "marrow",
    taxonomy: Taxonomy = ICSH,
) -> None:
    """Write `counts.csv`: a block an image, with the classes that were recognised or counted in it.

    Nucleated cells have a share of the nucleated cells and its 95 % interval, in per cent; red
    cells and platelets have none.
    """
    rows = []
    for image, detections in zip(short_names(fields), fields, strict=True):
        count = detections.differential(taxonomy, tissue)
        known = (row for row in (*count.rows, *count.beside) if row.count is not None)
        rows += [(image, row.name, *_numbers(row)) for row in known]
    write_csv(path, ("image", "class", *_COUNT_COLUMNS), rows)


def write_differential(differential: Differential, path: str | Path) -> None:
    """Write `differential.csv`: every class; one not recognised has a note and no count."""
    rows = (*differential.rows, *differential.beside)
    lines = ((row.name, *_numbers(row), row.note) for row in rows)
    write_csv(path, ("class", *_COUNT_COLUMNS, "note"), lines)


def differential_text(differential: Differential) -> str:
    """Return the differential as a table for a terminal, with what must be known to read it."""
    width = max(len(row.name) for row in (*differential.rows, *differential.beside))
    ratio = differential.myeloid_erythroid
    said = "no erythroblasts counted" if ratio is None else f"{ratio:.2f}"
    return "\n".join(
        [
            f"{'class':<{width}}  {'count':>7}  {'%':>5}  95 % interval",
            *(_line(row, width) for row in differential.rows),
            "beside the differential",
            *(_line(row, width) for row in differential.beside),
            "",
            f"Nucleated cells: {differential.nucleated} of the {differential.asked} asked for in "
            f"{differential.tissue}; images: {len(differential.fields)}",
            f"Myeloid:erythroid ratio: {said}",
            *differential.warnings,
            RESEARCH_USE,
        ]
    )


def write_run(
    fields: Sequence[Record],
    recipe: Mapping[str, Any],
    path: str | Path,
    *,
    failed: Mapping[str, str] | None = None,
) -> None:
    """Write `run.json`: what it takes to make the result again.

    Parameters
    ----------
    fields : sequence of Detections, or another record of cells
        The result.
    recipe : mapping
        The options of the run.
    path : path
        The file.
    failed : mapping of str to str, optional
        Images that could not be read, with the reason.
    """
    origins = [field.provenance for field in fields]
    run = {
        "hemalens": __version__,
        "versions": _versions(),
        "weights": {origin.weights: origin.sha256 for origin in origins if origin.weights},
        "recipe": dict(recipe),
        "images": [
            {
                "image": name,
                "path": origin.image,
                "pixel_size_um": origin.pixel_size_um,
                "pixel_size_source": origin.pixel_size_source,
                "cells": len(field),
            }
            for name, origin, field in zip(short_names(fields), origins, fields, strict=True)
        ],
        "failed": [{"image": image, "reason": reason} for image, reason in (failed or {}).items()],
    }
    with writing(path) as temporary:
        text = json.dumps(run, indent=2, ensure_ascii=False, default=str)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_rows(file: Path, needed: Sequence[str], what: str) -> list[dict[str, str]]:
    """Read the lines of a CSV file by column; a cell that a line lacks is empty.

    Raises
    ------
    AnnotationError
        If it cannot be read, or lacks a column of `needed`, and so is no table of `what`.
    """
    try:
        # A spreadsheet may have put a byte order mark in front.
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            missing = [column for column in needed if column not in (reader.fieldnames or ())]
            rows = list(reader)
    except OSError as error:
        raise AnnotationError(f"Cannot read {file}: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise AnnotationError(f"{file} is no CSV file: {error}.") from error
    if missing:
        raise AnnotationError(f"{file} is no table of {what}: it lacks the column {missing[0]!r}.")
    return rows


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write rows of values under the names of their columns."""
    with writing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _image_rows(image: str, detections: Detections) -> Iterable[dict[str, Any]]:
    pixel = detections.provenance.pixel_size_um
    height, width = detections.image_shape
    columns = (
        detections.class_names.tolist(),
        detections.scores.tolist(),
        detections.boxes.tolist(),
        detections.centres.tolist(),
        detections.areas.tolist(),
    )
    for cell, (label, score, box, centre, area) in enumerate(zip(*columns, strict=True), start=1):
        corners = [round(value, 2) for value in (*box, *centre)]
        area_um2 = None if pixel is None else round(area * pixel**2, 2)
        values = (image, cell, label, round(score, 4), *corners, round(area, 2), area_um2)
        yield dict(zip(_CELL_COLUMNS, (*values, height, width, pixel), strict=True))


def _draft(file: Path, row: Mapping[str, str], where: str) -> Draft:
    height, width, pixel = (row.get(c) for c in ("image_height", "image_width", "pixel_size_um"))
    shape = floats((height, width), where) if height and width else None
    size = floats([pixel], where)[0] if pixel else None
    return Draft(file, row["image"], (int(shape[0]), int(shape[1])) if shape else None, size)


def _numbers(row: Row) -> tuple[float | None, ...]:
    shares = (row.percent, row.low, row.high)
    return (row.count, *(None if share is None else round(share, 2) for share in shares))


def _line(row: Row, width: int) -> str:
    if row.count is None:
        return f"{row.name:<{width}}  {'-':>7}  {'-':>5}  {row.note}"
    if row.percent is None:
        return f"{row.name:<{width}}  {row.count:>7}"
    return f"{row.name:<{width}}  {row.count:>7}  {row.percent:>5.1f}  {row.low:.1f}-{row.high:.1f}"


def _versions() -> dict[str, str]:
    # From the metadata, so that a table can be written without loading torch.
    packages = {name: metadata.version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), **packages}
