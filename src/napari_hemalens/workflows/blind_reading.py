"""A second observer reads cells without what the network and the first reader said, in a shuffled order.

The reading is a file of its own; what was said before is never touched. A line for each word is on the disk before the
next cell is shown, so that a reading that was broken off goes on from there.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import HemaLensError, ProjectError
from napari_hemalens.evaluation.agreement import Agreement, measure_agreement
from napari_hemalens.evaluation.observer_files import NETWORK
from napari_hemalens.evaluation.readings import ReadCells, Reading, pair_readings
from napari_hemalens.formats.tables import write_csv

FOLDER = "readings"
"""Of a project, for blind readings."""

_TABLE = ("image", "cell", "class", "score", "y0", "x0", "y1", "x1", "corrected", "predicted_class", "observer")


@dataclass(frozen=True, slots=True, eq=False)
class CellsToRead:
    """N cells, and what was said of them before.

    Attributes
    ----------
    images, cells : (N,) str
        Name of the image of each; its number in a label image, or its corners as 'y0 x0 y1 x1'.
    first : (N,) str
        The class that a person gave; '' for none.
    network : (N,) str
        The class that the network gave; '' for none.
    readers : tuple of str
        Who gave the first.
    """

    images: NDArray[np.str_]
    cells: NDArray[np.str_]
    first: NDArray[np.str_]
    network: NDArray[np.str_]
    readers: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    @property
    def keys(self) -> list[tuple[str, str]]:
        """What tells each cell from all others."""
        return list(zip(self.images.tolist(), self.cells.tolist(), strict=True))


@dataclass(slots=True)
class BlindReading:
    """What one observer has said so far.

    Attributes
    ----------
    observer : str
        Who.
    order : list of (str, str)
        Image and cell of each that is read, in the order in which they are shown.
    file : Path or None
        Where it is kept; None: nowhere.
    said : list of str
        A class for each cell that was shown, '' where it was passed over.
    """

    observer: str
    order: list[tuple[str, str]]
    file: Path | None = None
    said: list[str] = field(default_factory=list)

    @classmethod
    def begin(
        cls, cells: CellsToRead, observer: str, *, number: int | None = None, seed: int = 0, file: Path | None = None
    ) -> Self:
        """Draw cells at random (by default all) in a random order, and begin to read.

        A reading that the file holds already is not lost: it gets a number, as `<name>.2.jsonl`.

        Raises
        ------
        ProjectError
            If the file cannot be written, or the earlier reading cannot be renamed.
        """
        drawn = np.random.default_rng(seed).permutation(len(cells))[:number]
        keys = cells.keys
        reading = cls(observer, [keys[row] for row in drawn.tolist()], file)
        reading._set_aside()
        reading._write({"observer": observer, "order": reading.order}, "w")
        return reading

    @classmethod
    def resume(cls, file: Path) -> Self | None:
        """Return a reading that is kept in a file as it was left; None where there is none, or it is damaged.

        A last line that was cut off while it was written is dropped: its cell was not yet passed.
        """
        try:
            whole, _, rest = file.read_bytes().rpartition(b"\n")
            if rest:
                os.truncate(file, len(whole) + 1)
            first, *lines = whole.decode("utf-8").split("\n")
            found = json.loads(first)
            reading = cls(str(found["observer"]), [(str(image), str(cell)) for image, cell in found["order"]], file)
            for line in lines:
                word = json.loads(line)
                if "undo" in word:
                    reading.said.pop()
                else:
                    reading.said.append(str(word["class"]))
        except (OSError, ValueError, KeyError, TypeError, IndexError):  # it is begun anew
            return None
        return reading

    @property
    def current(self) -> tuple[str, str] | None:
        """The cell that is shown; None once all were."""
        return self.order[len(self.said)] if len(self.said) < len(self.order) else None

    def name(self, name: str) -> None:
        """Give the cell that is shown a class, or ('') pass it over, and go on.

        Raises
        ------
        ProjectError
            If it cannot be written down.
        """
        if self.current is not None:
            self._write({"class": name, "time": datetime.now(UTC).isoformat(timespec="seconds")})
            self.said.append(name)

    def undo(self) -> None:
        """Go back to the cell before, and forget what was said of it."""
        if self.said:
            self._write({"undo": True})
            self.said.pop()

    @property
    def classes(self) -> dict[tuple[str, str], str]:
        """The class of each cell that was named."""
        return {key: name for key, name in zip(self.order, self.said, strict=False) if name}

    def _set_aside(self) -> None:
        """Keep an earlier reading under another name."""
        file = self.file
        if file is None or not file.is_file():
            return
        names = (file.with_name(f"{file.stem}.{number}{file.suffix}") for number in count(2))
        try:
            file.rename(next(name for name in names if not name.exists()))
        except OSError as error:
            raise ProjectError(f"The reading in {file} could not be set aside: {error.strerror}.") from error

    def _write(self, line: Mapping[str, Any], mode: str = "a") -> None:
        if self.file is None:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open(mode, encoding="utf-8") as journal:
                journal.write(json.dumps(line, ensure_ascii=False) + "\n")
                journal.flush()
                os.fsync(journal.fileno())
        except OSError as error:
            raise ProjectError(f"The reading could not be written to {self.file}: {error.strerror}.") from error


def reading_file(project: Path, kind: str, observer: str) -> Path:
    """Return where a project keeps the blind reading of an observer, of the cells of one dock."""
    name = re.sub(r"[^\w-]+", "-", observer.casefold()).strip("-") or "unnamed"
    return project / FOLDER / f"{kind}-{name}.jsonl"


def compare_blind(reading: BlindReading, cells: CellsToRead) -> tuple[Agreement | None, Agreement]:
    """Return how far a blind reading agrees with the first one, None where there is none, and with the network.

    Of the first reading only cells count that a person named or confirmed.
    """
    said = reading.classes
    second = np.array([said.get(key, "") for key in cells.keys], dtype=np.str_)
    drawn = {*reading.order}
    rows = np.array([key in drawn for key in cells.keys], dtype=np.bool_)
    blind = f"{reading.observer or 'second'} (blind)"
    first = " and ".join(cells.readers) or "first reading"
    with_network = _compare((blind, second), (NETWORK, cells.network), rows)
    if not (cells.first[rows] != "").any():
        return None, with_network
    return _compare((blind, second), (first, cells.first), rows), with_network


def blind_sentences(reading: BlindReading, cells: CellsToRead) -> tuple[str, ...]:
    """Return what comes out of a blind reading, in sentences."""
    with_first, with_network = compare_blind(reading, cells)
    pairs = [found.pairs[0] for found in (with_first, with_network) if found is not None]
    said = [pair.sentence for pair in pairs]
    said += dict.fromkeys(note for pair in pairs if pair.kappa.value is not None for note in pair.notes)
    left = "" if with_first is not None else "Nobody had named any of these cells before."
    own = reading.observer in cells.readers and reading.observer
    same = f"{reading.observer} also made the first reading: this is how far a person repeats it." if own else ""
    return tuple(filter(None, [*said, left, same]))


def write_blind(reading: BlindReading, cells: CellsToRead, path: Path) -> Path:
    """Write what a blind reading says as a table, which `workflows.agreement` reads.

    Raises
    ------
    HemaLensError
        If it cannot be written.
    """
    network = dict(zip(cells.keys, cells.network.tolist(), strict=True))
    rows = [_row(key, name, network.get(key, ""), reading.observer) for key, name in reading.classes.items()]
    boxes = any(row[4] is not None for row in rows)
    columns = [name for name in _TABLE if name not in (("cell",) if boxes else ("score", "y0", "x0", "y1", "x1"))]
    kept = [_TABLE.index(name) for name in columns]
    try:
        write_csv(path, columns, ([row[k] for k in kept] for row in rows))
    except OSError as error:
        raise HemaLensError(f"The reading could not be written to {path}: {error.strerror}.") from error
    return path


def _row(key: tuple[str, str], name: str, network: str, observer: str) -> list[Any]:
    image, cell = key
    corners = [float(edge) for edge in cell.split()]
    box = corners if len(corners) == len("yxyx") else [None] * len("yxyx")
    kind = "drawn" if not network else "accepted" if name == network else "class"
    return [image, cell, name, 1, *box, kind, network, observer]


def _compare(
    second: tuple[str, NDArray[np.str_]], other: tuple[str, NDArray[np.str_]], rows: NDArray[np.bool_]
) -> Agreement:
    ids = np.arange(int(rows.sum()))  # they are the same cells, in the same order
    read: Sequence[Reading] = [Reading(who, {"cells": ReadCells(said[rows], ids=ids)}) for who, said in (second, other)]
    return measure_agreement(pair_readings(read))
