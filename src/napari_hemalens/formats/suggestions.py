"""Cells to name, as a table that a person fills in and gives back.

CSV with a row for each cell: `number`, `image`, `cell` (its number in the label image), `y`, `x` (its centre in
pixels), `predicted_class`, `predicted_score`, `margin`, and `class`, which is empty until someone fills it in.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.csv import write_csv

COLUMNS = ("number", "image", "cell", "y", "x", "predicted_class", "predicted_score", "margin", "class")


def write(path: Path, rows: Iterable[Iterable[Any]]) -> None:
    """Write rows of COLUMNS."""
    write_csv(path, COLUMNS, rows)


def read_named(path: str | Path) -> Mapping[str, tuple[int, ...]]:
    """Return the numbers of the cells that have a name, by image, from a table with columns `image` and `cell`.

    Where there is a column `class`, only rows count in which it is filled in.

    Raises
    ------
    AnnotationError
        If the file cannot be read, lacks a column, or the number of a cell is none.
    """
    file = Path(path)
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            table = csv.DictReader(lines)
            columns, rows = table.fieldnames or (), list(table)
    except (OSError, UnicodeDecodeError) as error:
        raise AnnotationError(f"Cannot read the table of named cells {file}: {error}.") from error
    for column in ("image", "cell"):
        if column not in columns:
            raise AnnotationError(f"{file} has no column {column}; it has {', '.join(columns) or 'none'}.")
    found: dict[str, list[int]] = defaultdict(list)
    for line, row in enumerate(rows, start=2):
        if "class" in columns and not (row["class"] or "").strip():
            continue
        try:
            found[row["image"]].append(int(row["cell"]))
        except (TypeError, ValueError) as error:
            raise AnnotationError(f"{file}, line {line}: {row['cell']!r} is not the number of a cell.") from error
    return {image: tuple(cells) for image, cells in found.items()}
