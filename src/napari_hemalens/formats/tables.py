"""Tables in text files, read as whatever spreadsheet or program has saved them, and written for all of them.

What is read may be UTF-8, UTF-16 or of Western Windows; parted by commas, semicolons or tabs; with decimal points or
commas (`draft.number`), quotes, blanks after commas, lines without a value, and Excel's first line `sep=;`. What is
written is UTF-8 with commas and decimal points.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.documents import read_text

TEXTS = ("image", "class", "corrected", "predicted_class", "observer")
"""Columns of a table of cells that hold texts; all others hold numbers."""

_PARTINGS = ",;\t"
_STATED = re.compile(r'"?sep=(.)"?[,;\t]*\s*', re.IGNORECASE)
_ESCAPES = "backslashreplace"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


class TableRow(dict[str, str]):
    """The values of a line by column; what is missing is empty.

    Attributes
    ----------
    line : int
        Where it begins in the file, from 1.
    """

    def __init__(self, header: Sequence[str], values: Sequence[str], line: int) -> None:
        missing = [""] * (len(header) - len(values))
        super().__init__(zip(header, [*values, *missing], strict=False))  # values without a column are left out
        self.line = line


def read_header(file: Path) -> list[str]:
    """Return the columns of a table, without a look at the rest.

    Raises
    ------
    AnnotationError
        If it cannot be read, or is no table.
    """
    return next((_names(values) for _, values in _parsed(file)), [])


def read_lines(file: Path) -> list[list[str]]:
    """Return the values of each line that holds one, of a table whose first line may be no header.

    Raises
    ------
    AnnotationError
        If it cannot be read, or is no table.
    """
    return [values for _, values in _parsed(file)]


def read_table(file: Path) -> tuple[list[str], list[TableRow]]:
    """Return the columns of a table, and its lines that hold a value.

    Raises
    ------
    AnnotationError
        If it cannot be read, or is no table.
    """
    lines = _parsed(file)
    header = next((_names(values) for _, values in lines), [])
    return header, [TableRow(header, values, line) for line, values in lines]


def read_rows(file: Path, needed: Sequence[str], what: str, *, optional: Sequence[str] = ()) -> list[TableRow]:
    """Return the lines of a table by column; those needed and optional are known in any case.

    Raises
    ------
    AnnotationError
        If it cannot be read, or lacks a column of `needed`; `what` names the table in the message.
    """
    lines = _parsed(file)
    header = next((_names(values) for _, values in lines), [])
    known = {*needed, *optional} - {*header}
    header = [name.casefold() if name.casefold() in known else name for name in header]
    check_columns(file, header, needed, what)
    return [TableRow(header, values, line) for line, values in lines]


def check_columns(file: Path, header: Iterable[str], needed: Sequence[str], what: str) -> None:
    """Refuse a table that lacks a column.

    Raises
    ------
    AnnotationError
        If it lacks one of `needed`; `what` names the table in the message.
    """
    there = list(header)
    missing = next((name for name in needed if name not in there), None)
    if missing is not None:
        has = ", ".join(there) or "none"
        raise AnnotationError(f"{file} is not a table of {what}: it lacks the column {missing!r}; it has {has}.")


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file with a header.

    Texts that a spreadsheet would run as a formula begin with an apostrophe, which it takes for "this is text", and
    reading takes away. What is no text, in names that Linux allows, is written with escapes.
    """
    with writing(path) as temporary, temporary.open("w", encoding="utf-8", newline="", errors=_ESCAPES) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(map(_harmless, columns))
        writer.writerows(map(_harmless, row) for row in rows)


def _parsed(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield where each line that holds a value begins, from 1, and its values."""
    text = io.StringIO(read_text(file), newline="")
    stated = _STATED.fullmatch(text.readline())
    before = 1 if stated else 0
    if not stated:
        text.seek(0)
    begins, first = text.tell(), text.readline()
    text.seek(begins)
    try:
        parting = stated[1] if stated else _parting(first)
        spaced = f"{parting} " in first  # else a blank belongs to the value
        reader, line = csv.reader(text, delimiter=parting, skipinitialspace=spaced), before + 1
        for values in reader:
            if any(value.strip() for value in values):
                yield line, [_as_was(value) for value in values]
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise AnnotationError(f"{file} is not a table: {error}.") from error


def _parting(first: str) -> str:
    """Return what parts a line into most values; what stands in quotes does not part it."""
    return max(_PARTINGS, key=lambda parting: len(next(csv.reader([first], delimiter=parting), [])))


def _names(values: Sequence[str]) -> list[str]:
    return [value.strip(" ") for value in values]


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _as_was(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
