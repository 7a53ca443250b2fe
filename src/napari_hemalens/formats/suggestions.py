"""Cells to name, as a table that a person fills in and gives back.

CSV with a row for each cell: `number`, `image`, `cell` (its number in the label image), `y`, `x` (its centre in
pixels), `predicted_class`, `predicted_score`, `margin`, and `class`, which is empty until someone fills it in.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.tables import read_rows, write_csv

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
    found: dict[str, list[int]] = defaultdict(list)
    for row in read_rows(file, ("image", "cell"), "named cells", optional=("class",)):
        if "class" in row and not row["class"].strip():
            continue
        try:
            found[row["image"]].append(int(row["cell"]))
        except ValueError as error:
            raise AnnotationError(f"{file}, line {row.line}: {row['cell']!r} is not the number of a cell.") from error
    return {image: tuple(cells) for image, cells in found.items()}
