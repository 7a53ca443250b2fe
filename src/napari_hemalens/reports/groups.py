"""Cells of slides added up by patient and by group, and two groups of patients compared.

Shares have Wilson's intervals, as elsewhere; how groups are compared, `group_tests` says.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from napari_hemalens.errors import AnnotationError
from napari_hemalens.progress import counted
from napari_hemalens.reports.group_tests import ClassTest, Shares, adjust_tests, compare_shares
from napari_hemalens.reports.scoring import Measure

Level = Literal["slide", "patient", "group"]

FEWEST_PATIENTS = 3
"""In each group: of two against two, no difference could ever be told from chance."""


@dataclass(frozen=True, slots=True)
class CellCount:
    """The cells of a slide, a patient or a group.

    Attributes
    ----------
    name : str
        Of the slide, patient or group.
    counts : mapping of str to int
        Cells by class, those of no class that is compared left out.
    total : int
        Cells that shares are of.
    patient, sample, stain, group : str
        What a slide is of; empty where it is not known, or where slides differ.
    slides, patients : int
        How many were added up; patients that nobody named are none.
    unsure : int
        Cells that are counted apart.
    """

    name: str
    counts: Mapping[str, int]
    total: int
    patient: str = ""
    sample: str = ""
    stain: str = ""
    group: str = ""
    slides: int = 1
    patients: int = 0
    unsure: int = 0

    def share(self, class_name: str) -> Measure:
        """Return the share of a class in per cent, with its 95 % interval."""
        return Measure.share(class_name, self.counts.get(class_name, 0), self.total, per=100)


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """Slides, patients and groups counted, and two groups compared.

    Attributes
    ----------
    classes : tuple of str
        All classes that were looked for.
    slides, patients, groups : tuple of CellCount
        Of each slide; of each patient in each group; of each group.
    compared : (str, str) or None
        The two groups that are compared, the control first.
    tests : tuple of ClassTest
        One for each class that was found in them; of two classes in all, of the first.
    refusal : str
        Why groups are not compared; empty where they are.
    notes : tuple of str
        Sentences to show with the figures.
    """

    classes: tuple[str, ...]
    slides: tuple[CellCount, ...]
    patients: tuple[CellCount, ...]
    groups: tuple[CellCount, ...]
    compared: tuple[str, str] | None = None
    tests: tuple[ClassTest, ...] = ()
    refusal: str = ""
    notes: tuple[str, ...] = field(default=())

    def counts(self, level: Level) -> tuple[CellCount, ...]:
        """Return what was counted at a level."""
        return {"slide": self.slides, "patient": self.patients, "group": self.groups}[level]


def compare_groups(
    slides: Sequence[CellCount],
    classes: Sequence[str],
    compared: tuple[str, str] | None = None,
    groups: Sequence[str] = (),
) -> GroupComparison:
    """Add slides up by patient and by group, and compare two groups.

    Parameters
    ----------
    slides : sequence of CellCount
        Of each slide, with its patient and group.
    classes : sequence of str
        Classes that were looked for.
    compared : (str, str), optional
        Two groups, the control first; by default the only two that there are.
    groups : sequence of str
        All that there are, so that one none of whose slides was counted is known, too.

    Raises
    ------
    AnnotationError
        If there are no slides, or a group that is asked for is none.
    """
    if not slides:
        raise AnnotationError("There are no counted slides to compare.")
    known = tuple(dict.fromkeys((*groups, *(slide.group for slide in slides if slide.group))))
    for name in compared or ():
        if name not in known:
            raise AnnotationError(f"There is no group {name!r} among the slides. Known: {', '.join(known) or 'none'}.")
    patients = _added(slides, lambda slide: (slide.group, slide.patient) if slide.patient else None)
    added = _added(slides, lambda slide: (slide.group,) if slide.group else None)
    both = compared if compared is not None else (known[0], known[1]) if len(known) == 2 else None
    found = GroupComparison(tuple(classes), tuple(slides), patients, added, both, notes=_notes(slides, patients))
    refusal = _refusal(found, known)
    if refusal or both is None:
        return replace(found, refusal=refusal)
    tests = adjust_tests(
        [compare_shares(name, *(_shares(found, group, name) for group in both)) for name in _worth_testing(found, both)]
    )
    return replace(found, tests=tests, notes=(*found.notes, *_notes_on_tests(found, both, tests)))


def _added(slides: Iterable[CellCount], key_of: Callable[[CellCount], tuple[str, ...] | None]) -> tuple[CellCount, ...]:
    """Return slides added up by a key, whose last part names them; those whose key is None are left out."""
    members: dict[tuple[str, ...], list[CellCount]] = {}
    for slide in slides:
        key = key_of(slide)
        if key is not None:
            members.setdefault(key, []).append(slide)
    return tuple(_sum(key[-1], each) for key, each in members.items())


def _sum(name: str, slides: Sequence[CellCount]) -> CellCount:
    counts: dict[str, int] = {}
    for slide in slides:
        for class_name, count in slide.counts.items():
            counts[class_name] = counts.get(class_name, 0) + count
    same = {what: {getattr(slide, what) for slide in slides} for what in ("patient", "sample", "stain", "group")}
    return CellCount(
        name,
        counts,
        sum(slide.total for slide in slides),
        **{what: next(iter(texts)) if len(texts) == 1 else "" for what, texts in same.items()},
        slides=len(slides),
        patients=len(same["patient"] - {""}),
        unsure=sum(slide.unsure for slide in slides),
    )


def _patients_of(found: GroupComparison, group: str) -> list[CellCount]:
    """Return the patients of a group of whom there are cells."""
    return [patient for patient in found.patients if patient.group == group and patient.total]


def _shares(found: GroupComparison, group: str, class_name: str) -> Shares:
    return [(patient.counts.get(class_name, 0), patient.total) for patient in _patients_of(found, group)]


def _refusal(found: GroupComparison, known: Sequence[str]) -> str:
    """Return why groups are not compared; empty where they can be."""
    if len(known) < 2:
        there = f"the only group is {known[0]!r}" if known else "no slide has a group"
        return f"Groups are not compared: {there}; the column group of the table of slides says which there are."
    if found.compared is None:
        return f"Groups are not compared: there are {len(known)} ({', '.join(known)}); name two of them."
    first, second = found.compared
    if first == second:
        return f"Groups are not compared: {first!r} would be compared with itself."
    people = {group: {patient.name for patient in _patients_of(found, group)} for group in found.compared}
    shared = sorted(people[first] & people[second])
    if shared:
        return (
            f"Groups are not compared: patient {shared[0]!r} is in both {first!r} and {second!r}, and these tests are "
            "for different patients."
        )
    few = next((group for group in found.compared if len(people[group]) < FEWEST_PATIENTS), None)
    if few is not None:
        number = len(people[few])
        return (
            f"Groups are not compared: {few!r} has {number} patient{'s' * (number != 1)} with cells, and "
            f"{FEWEST_PATIENTS} in each group are the fewest that can be compared."
        )
    return ""


def _worth_testing(found: GroupComparison, both: tuple[str, str]) -> list[str]:
    """Return the classes with a cell in one of two groups; of two classes in all the first, which says it all."""
    named = [patient for group in both for patient in _patients_of(found, group)]
    classes = found.classes[:1] if len(found.classes) == 2 else found.classes
    return [name for name in classes if any(patient.counts.get(name) for patient in named)]


def _notes(slides: Sequence[CellCount], patients: Sequence[CellCount]) -> tuple[str, ...]:
    notes = []
    for what, without in (
        ("patient: left out of patients and of the comparison", [s for s in slides if not s.patient]),
        ("group: left out of groups and of the comparison", [s for s in slides if not s.group]),
    ):
        if without:
            notes.append(f"{counted(len(without), 'slide')} without a {what}.")
    empty = [patient.name for patient in patients if not patient.total]
    if empty:
        notes.append(
            f"{counted(len(empty), 'patient')} without a counted cell, not compared: {', '.join(map(repr, empty))}."
        )
    return tuple(notes)


def _notes_on_tests(found: GroupComparison, both: tuple[str, str], tests: Sequence[ClassTest]) -> list[str]:
    first, second = (len(_patients_of(found, group)) for group in both)
    notes = [
        f"Fisher's exact test, two-sided, compares all cells of {both[1]!r} with all cells of {both[0]!r}. It takes "
        "cells for independent, which cells of one patient are not, so its p is too small where patients differ.",
        f"Mann and Whitney's test, two-sided, compares the shares of {second} patients with those of {first}: a "
        "patient counts once, with however many cells.",
        f"p values are adjusted for the {counted(len(tests), 'class', 'classes')} compared, for each test apart, by "
        "the procedure of Benjamini and Hochberg, which limits the rate of false discoveries.",
    ]
    smallest = 2 / math.comb(first + second, first)
    if smallest > 0.05:
        notes.append(f"With {first} and {second} patients, p of Mann and Whitney's test is never below {smallest:.2f}.")
    if len(found.classes) == 2 and tests:
        notes.append(f"Of two classes, {tests[0].class_name!r} is compared: the share of the other is what is left.")
    return notes
