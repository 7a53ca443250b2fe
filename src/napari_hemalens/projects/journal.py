"""The journal of a project, `labels.jsonl`: a line a step, only ever appended to, and on the disk before it counts."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, BinaryIO

from napari_hemalens.errors import ProjectError
from napari_hemalens.projects.decisions import Decision, Entry

_PARTS = {each.name for each in fields(Decision)}
_KINDS = ("label", "unsure", "skip", "clear")


def append(file: Path, entry: Entry) -> None:
    """Write one entry behind all others; after a kill at any moment, either all of it is there or none.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    step = {"do": entry} if isinstance(entry, str) else {"step": [_as_plain(decision) for decision in entry]}
    line = json.dumps(step, ensure_ascii=False, separators=(",", ":")) + "\n"
    try:
        with file.open("a+b") as journal:
            journal.write(_line_break(journal) + line.encode("utf-8"))
            journal.flush()
            os.fsync(journal.fileno())
    except OSError as error:
        raise ProjectError(f"The label could not be written to {file}: {error.strerror}.") from error


def read(file: Path) -> tuple[list[Entry], list[str], int]:
    """Read all entries.

    Returns
    -------
    entries : list of Entry
        In their order.
    notes : list of str
        A sentence for each line that is no entry; such lines are left out.
    sound : int
        Bytes up to the end of the last whole line: what follows was cut off while it was written.

    Raises
    ------
    ProjectError
        If the file cannot be read.
    """
    if not file.exists():
        return [], [], 0
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ProjectError(f"Cannot read {file}: {error.strerror}.") from error
    whole, _, rest = content.rpartition(b"\n")
    lines = whole.split(b"\n") if whole else []
    entries: list[Entry] = []
    notes = []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(_entry(json.loads(line)))
        except (ValueError, TypeError, KeyError):
            notes.append(f"Line {number} of {file.name} cannot be read and is left out.")
    if rest:
        notes.append(
            f"The last label was cut off while it was written to {file.name}; it is lost, all others are there."
        )
    return entries, notes, len(content) - len(rest)


def cut_off(file: Path, sound: int) -> None:
    """Drop what follows the last whole line, so that the next one begins a line of its own."""
    if file.exists() and file.stat().st_size > sound:
        os.truncate(file, sound)


def _line_break(journal: BinaryIO) -> bytes:
    """Return what is needed to begin a line: a disk that was full may have left half of one."""
    if journal.seek(0, os.SEEK_END) == 0:
        return b""
    journal.seek(-1, os.SEEK_END)
    return b"" if journal.read(1) == b"\n" else b"\n"


def _as_plain(decision: Decision) -> dict[str, Any]:
    """Return a decision as JSON has it, without what is empty."""
    found = {name: value for name, value in asdict(decision).items() if value not in ("", False)}
    return found | {"box": [round(edge, 2) for edge in decision.box]}


def _entry(found: dict[str, Any]) -> Entry:
    if "do" in found:
        if found["do"] == "undo":
            return "undo"
        if found["do"] == "redo":
            return "redo"
        raise ValueError(found["do"])
    return tuple(_decision(each) for each in _listed(found["step"]))


def _listed(found: Any) -> Sequence[dict[str, Any]]:
    if not isinstance(found, list) or not found:
        raise ValueError(found)
    return found


def _decision(found: dict[str, Any]) -> Decision:
    kept = {name: value for name, value in found.items() if name in _PARTS}
    y0, x0, y1, x1 = (float(edge) for edge in found["box"])
    decision = Decision(**{**kept, "box": (y0, x0, y1, x1)})
    if decision.kind not in _KINDS or (decision.kind == "label" and not decision.class_id):
        raise ValueError(decision.kind)
    return decision
