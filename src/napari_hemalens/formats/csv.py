"""Cells as a table for statistics programs, `cells.csv`; images have the same names as in the rest of an export."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_hemalens.formats.draft import Draft, Prediction, finish_drafts, floats, number, size
from napari_hemalens.formats.naming import short_names
from napari_hemalens.formats.tables import TableRow, read_header, read_rows, write_csv
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.measurements import BOX_MEASUREMENTS, measure_boxes

_CORRECTION = ("corrected", "predicted_class", "predicted_score", "observer")
_NAMING = ("certainty", "novelty")
_CELL_COLUMNS = (
    *("image", "cell", "class", "score", *_CORRECTION, *_NAMING, "unsure"),
    *("y0", "x0", "y1", "x1", "y", "x", "area_px", "area_um2", *BOX_MEASUREMENTS),
    # Needed to read the boxes back.
    *("image_height", "image_width", "pixel_size_um"),
)
NEEDED = ("image", "class", "score", "y0", "x0", "y1", "x1")
"""Columns that a table of cells by box cannot be read without."""


def cells_rows(fields: Sequence[Detections]) -> list[dict[str, Any]]:
    """Return one row per cell, by column.

    `corrected` is the kind of correction (`corrections.KINDS`), beside the network's class and score; these are empty
    where it found no cell, and where no network was used; `observer` is who corrected the cell. `certainty` is the
    probability of the class, `novelty` how unlike the cells that the classifier learned from a cell is; `unsure` is 1
    where that is 1 or more and nobody has named the cell, else 0; they are empty where no classifier was asked. `cell`
    counts from 1 in each image, in the order of the record. Coordinates are in pixels, the far edge excluded; `y`, `x`
    is the centre; areas are those of the boxes, as are the `records.measurements`. Unknown values are None.
    """
    rows: list[dict[str, Any]] = []
    for image, detections in zip(short_names(fields), fields, strict=True):
        rows += _image_rows(image, detections)
    return rows


def table_columns() -> tuple[str, ...]:
    """Return the columns of `cells_rows`, which an image without cells does not tell."""
    return _CELL_COLUMNS


def write_cells(fields: Sequence[Detections], path: str | Path) -> None:
    """Write `cells.csv`: the rows of `cells_rows`. An image without cells has no row."""
    write_csv(path, _CELL_COLUMNS, (row.values() for row in cells_rows(fields)))


def holds_cells(path: Path, split: str | None = None) -> bool:
    """Whether `read_cells` would find a table there."""
    file = path / "cells.csv" if path.is_dir() else path
    return split is None and file.suffix == ".csv" and file.is_file() and set(NEEDED) <= {*read_header(file)}


def read_cells(path: str | Path) -> tuple[Detections, ...]:
    """Read `cells.csv`, one record per image.

    The required columns are image, class, score, y0, x0, y1, x1; without `image_height` and
    `image_width` an image is as large as its boxes require. `path` may be the folder of the file.
    """
    file = Path(path) / "cells.csv" if Path(path).is_dir() else Path(path)
    rows = read_rows(file, NEEDED, "cells")
    return finish_drafts(list(drafts_of_rows(file, rows).values()))


def drafts_of_rows(file: Path, rows: Iterable[TableRow], drafts: Mapping[str, Draft] | None = None) -> dict[str, Draft]:
    """Return the images of a table of cells by name, with their cells.

    Parameters
    ----------
    file : Path
        Where the table is from.
    rows : iterable of TableRow
        Its cells, all with the columns `NEEDED`.
    drafts : mapping of str to Draft, optional
        The images that are known otherwise, without their cells.
    """
    known = dict(drafts or {})
    for row in rows:
        where = f"{file}, line {row.line}"
        image = row["image"]
        if image not in known:
            known[image] = _draft(file, row, where)
        _add(known[image], row, where)
    return known


def _add(draft: Draft, row: Mapping[str, str], where: str) -> None:
    y0, x0, y1, x1 = (number(row[c]) for c in ("y0", "x0", "y1", "x1"))
    score = number(row["score"], 1.0)
    kind, predicted, sure, observer = (row.get(column, "") for column in _CORRECTION)
    prediction = Prediction.from_texts(kind, predicted, sure, where)
    if prediction is not None and observer:
        prediction = replace(prediction, observer=observer)
    certainty, novelty = (_number(row.get(column), where) for column in _NAMING)
    if not (math.isnan(certainty) and math.isnan(novelty)):
        prediction = prediction or Prediction("", row["class"], score)
        prediction = replace(prediction, certainty=certainty, novelty=novelty)
    draft.add((y0, x0, y1, x1), row["class"], score, prediction)


def _image_rows(image: str, detections: Detections) -> Iterable[dict[str, Any]]:
    pixel = detections.provenance.pixel_size_um
    height, width = detections.image_shape
    columns = (
        detections.class_names.tolist(),
        detections.scores.tolist(),
        detections.boxes.tolist(),
        detections.centres.tolist(),
        detections.areas.tolist(),
        measure_boxes(detections).values.tolist(),
    )
    cells = zip(_predictions(detections), _namings(detections), *columns, strict=True)
    for cell, (predicted, said, label, score, box, centre, area, measured) in enumerate(cells, start=1):
        corners = [round(value, 2) for value in (*box, *centre)]
        area_um2 = None if pixel is None else round(area * pixel**2, 2)
        sizes = (round(area, 2), area_um2, *map(_known, measured))
        values = (image, cell, label, round(score, 4), *predicted, *said, *corners, *sizes)
        yield dict(zip(_CELL_COLUMNS, (*values, height, width, pixel), strict=True))


def _predictions(detections: Detections) -> Iterator[tuple[str, str | None, float | None, str]]:
    asked = detections.corrections is not None or bool(detections.provenance.weights)
    predicted = (detections.predicted_class_names, detections.predicted_scores)
    columns = (detections.correction_kinds, *predicted, detections.observers)
    for kind, name, score, observer in zip(*(column.tolist() for column in columns), strict=True):
        yield (kind, name, round(score, 4), observer) if name and asked else (kind, None, None, observer)


def _namings(detections: Detections) -> Iterator[tuple[float | None, float | None, int | None]]:
    columns = (detections.certainty, detections.novelty, detections.unsure)
    for certainty, novelty, unsure in zip(*(column.tolist() for column in columns), strict=True):
        asked = not (math.isnan(certainty) and math.isnan(novelty))
        yield _known(certainty), _known(novelty), int(unsure) if asked else None


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _number(text: str | None, where: str) -> float:
    return floats([text], where)[0] if text else math.nan


def _draft(file: Path, row: Mapping[str, str], where: str) -> Draft:
    height, width, pixel = (row.get(c) for c in ("image_height", "image_width", "pixel_size_um"))
    scale = floats([pixel], where)[0] if pixel else math.nan
    return Draft(file, row["image"], size(height, width), scale if 0 < scale < math.inf else None)
