"""Reference ranges of a differential, from a table that a laboratory keeps: none are built in."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.formats.draft import number
from napari_hemalens.formats.tables import read_rows
from napari_hemalens.records.taxonomy import ICSH, cell_class

_COLUMNS = ("class", "low", "high")


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """What is usual of one class, in per cent of the nucleated cells.

    Attributes
    ----------
    low, high : float
        Both are still inside.
    source : str
        Where the figures are from; may be empty.
    """

    low: float
    high: float
    source: str = ""

    def place(self, percent: float) -> Literal["below", "inside", "above"]:
        """Return where a share lies, as it is shown with one digit after the point."""
        shown = round(percent, 1)
        return "below" if shown < self.low else "above" if shown > self.high else "inside"


def read_reference(path: str | Path) -> dict[str, ReferenceRange]:
    """Read a CSV file with the columns class, low, high and, if there is one, source; by class.

    Numbers are per cent of the nucleated cells, with a decimal point or comma. Classes may have any of
    their usual names (`records.synonyms`).

    Raises
    ------
    AnnotationError
        If it cannot be read, lacks a column, names a class that no differential lists, or twice the same, or its
        numbers are no range within 0-100.
    """
    file = Path(path)
    with decoding(f"Cannot read the reference ranges in {file}", AnnotationError):
        rows = read_rows(file, _COLUMNS, "reference ranges", optional=("source",))
        ranges: dict[str, ReferenceRange] = {}
        for row in rows:
            where = f"{file}, line {row.line}"
            name = _class_of(row["class"], where)
            if name in ranges:
                raise AnnotationError(f"{where}: {name} has a range already.")
            ranges[name] = _range(row, where)
    return ranges


def _class_of(text: str, where: str) -> str:
    name = ICSH.class_of(text.strip())
    if name is None or not cell_class(name).nucleated:
        known = ", ".join(each for each in ICSH.classes if cell_class(each).nucleated)
        raise AnnotationError(f"{where}: {text!r} is no class of a differential. Known: {known}.")
    return name


def _range(row: dict[str, str], where: str) -> ReferenceRange:
    low, high = number(row["low"]), number(row["high"])
    if math.isnan(low) or math.isnan(high) or not 0 <= low <= high <= 100:
        raise AnnotationError(
            f"{where}: {row['low']!r} to {row['high']!r} is no range of a share: give two numbers within 0-100, the "
            "lower one first."
        )
    return ReferenceRange(low, high, row.get("source", "").strip())
