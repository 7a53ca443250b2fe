"""Notes: what speaks against trusting a result, a sentence each.

A note begins with what is wrong, then a colon and what to do. Notes that begin alike are about the same fault.
"""

from collections.abc import Iterable, Sequence
from pathlib import PurePath

_NAMED = 3  # images that are named; of more, their number


def fault_of(note: str) -> str:
    """Return what a note says is wrong, without what to do."""
    return note.partition(":")[0]


def merged_notes(*groups: Iterable[str]) -> tuple[str, ...]:
    """Return the notes of several results of one image: the first about each fault."""
    first: dict[str, str] = {}
    for group in groups:
        for note in group:
            first.setdefault(fault_of(note), note)
    return tuple(first.values())


def pooled_notes(images: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """Return the notes of several images, with how many images each is about, and which.

    Parameters
    ----------
    images : sequence of (str, sequence of str)
        Name and notes of each image.
    """
    if len(images) == 1:
        return tuple(images[0][1])
    about: dict[str, list[str]] = {}
    for name, notes in images:
        for note in notes:
            about.setdefault(fault_of(note), []).append(PurePath(name).name)
    first = {fault_of(note): note for note in merged_notes(*(notes for _, notes in images))}
    return tuple(
        f"{first[fault]} ({len(names)} of {len(images)} images: {listed(names)})" for fault, names in about.items()
    )


def listed(names: Sequence[str]) -> str:
    """Return the first of some names; of more, that there are."""
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
