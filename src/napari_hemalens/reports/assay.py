"""Summaries of classified cells: by image, replicate and concentration, pooled, and two groups compared."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.naming import short_names
from napari_hemalens.progress import counted
from napari_hemalens.records.classified import Classified
from napari_hemalens.reports.design import Sample, samples_of
from napari_hemalens.reports.scoring import BINUCLEATED_ASKED, Measure, Tally

Level = Literal["image", "replicate", "concentration", "pooled"]
Unit = Literal["nucleus", "cell", "field"]

_POOLED = "all images"


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one image, or of several that belong together.

    Attributes
    ----------
    level : {'image', 'replicate', 'concentration', 'pooled'}
        What its images have in common.
    name : str
        Name of the group.
    sample : Sample
        Empty where its images differ.
    images : int
        Number of images.
    measures : tuple of Measure
        The figures.
    """

    level: Level
    name: str
    sample: Sample
    images: int
    measures: tuple[Measure, ...]

    @property
    def primary(self) -> Measure | None:
        """The figure that two groups are compared by; None where no class is the positive one."""
        return next((measure for measure in self.measures if measure.primary), None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two groups compared by Fisher's exact test, two-sided.

    Attributes
    ----------
    first, second : Group
        The control, and the group compared with it.
    first_counts, second_counts : (int, int)
        Positives and total of each.
    p_value : float
        Two-sided.
    odds_ratio : float
        Odds of the second over odds of the first; infinite where the first has no positives or the second only
        positives, NaN where both have none or both have only positives.
    """

    first: Group
    second: Group
    first_counts: tuple[int, int]
    second_counts: tuple[int, int]
    p_value: float
    odds_ratio: float

    @property
    def sentence(self) -> str:
        """The comparison in words."""
        both = ((self.first, self.first_counts), (self.second, self.second_counts))
        counts = (f"{count:,} of {total:,} in {group.name}" for group, (count, total) in both)
        ratio = "not defined" if math.isnan(self.odds_ratio) else f"{self.odds_ratio:.2f}"
        p = "< 0.0001" if self.p_value < 0.0001 else f"= {self.p_value:.4f}"
        return (
            f"{self.what.capitalize()}: {', '.join(counts)}; odds ratio {ratio} ({self.second.name} over "
            f"{self.first.name}), Fisher's exact test, two-sided, p {p}. The test assumes that cells are independent, "
            "which cells of one culture are not: compare the replicates too."
        )

    @property
    def what(self) -> str:
        """What was counted in both groups."""
        primary = self.first.primary
        return "" if primary is None else primary.label.removesuffix(" per 1,000").removesuffix(", per cent")


@dataclass(frozen=True, slots=True)
class Summary:
    """The report on a number of images.

    Attributes
    ----------
    unit : {'nucleus', 'cell', 'field'}
        What is counted: the nucleus or the cell in the micronucleus task; in others the cell, or the whole image.
    groups : tuple of Group
        Images, then replicates and concentrations where a design names them, then all images pooled.
    notes : tuple of str
        Sentences to show with the figures.
    """

    unit: Unit
    groups: tuple[Group, ...]
    notes: tuple[str, ...]

    @property
    def pooled(self) -> Group:
        """All images together."""
        return self.groups[-1]

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Labels and values of all images pooled, as text."""
        figures = ((m.label.replace("_", " ").capitalize(), m.text) for m in self.pooled.measures)
        return (("Unit", self.unit), ("Images", f"{self.pooled.images:,}"), *figures)

    def group(self, name: str) -> Group:
        """Return a concentration, replicate or image by name, searched in this order.

        Raises
        ------
        AnnotationError
            If there is no such group.
        """
        for level in ("concentration", "replicate", "image"):
            for group in self.groups:
                if group.level == level and group.name == name:
                    return group
        known = ", ".join(dict.fromkeys(group.name for group in self.groups[:-1]))
        raise AnnotationError(f"No image, replicate or concentration {name!r} was counted. Known: {known}.")

    def compare(self, first: str, second: str) -> Comparison:
        """Compare two groups by name, the control first.

        Raises
        ------
        AnnotationError
            If a group is missing or empty, or no class is the positive one.
        """
        from scipy.stats import fisher_exact  # noqa: PLC0415 -- slow to import, rarely needed

        groups = self.group(first), self.group(second)
        counts = tuple(_compared_counts(group) for group in groups)
        ratio, p_value = fisher_exact([(count, total - count) for count, total in reversed(counts)])
        return Comparison(*groups, counts[0], counts[1], float(p_value), float(ratio))


def summary(
    results: Sequence[Classified],
    *,
    cells: Sequence[NDArray[np.int64] | None] | None = None,
    design: Mapping[str, Sample] | None = None,
    micronuclei: Sequence[NDArray[np.int64] | None] | None = None,
    of_fields: bool = False,
) -> Summary:
    """Count classified cells, or fields.

    Parameters
    ----------
    results : sequence of Classified
        One per image, all with the same classes.
    cells : sequence of (N,) int64, optional
        For each result, the cell that each nucleus belongs to, 0 for none (see `segmentation.pairing`). Without it,
        the unit of the micronucleus test is the nucleus.
    design : mapping of str to Sample, optional
        Replicate and concentration of each image, by name.
    micronuclei : sequence of (N,) int64, optional
        For each result, the number of micronuclei of each nucleus; None where they were not counted.
    of_fields : bool
        Whether the classes are those of whole images, and no cells'.

    Raises
    ------
    AnnotationError
        If there are no results, their classes differ, cells are given for only some of them, or the design lacks an
        image.
    """
    _check_classes(results, cells)
    of_cells = cells is not None and any(each is not None for each in cells)
    tallies = [
        Tally.from_result(
            result, cells[i] if cells else None, micronuclei[i] if micronuclei else None, of_field=of_fields
        )
        for i, result in enumerate(results)
    ]
    names = short_names(results)
    samples = samples_of(names, design)
    concentrations = tuple(dict.fromkeys(sample.concentration for sample in samples))
    groups = [
        *_groups("image", [(name, sample) for name, sample in zip(names, samples, strict=True)], tallies),
        *_groups("replicate", [(_replicate(s), s) if s.replicate else None for s in samples], tallies),
        *_groups(
            "concentration",
            [(s.concentration, Sample("", s.concentration)) if s.concentration else None for s in samples],
            tallies,
        ),
        # OECD asks for binucleated cells per concentration: a pool of several has no target.
        _group("pooled", _POOLED, Sample(), tallies, against_asked=len(concentrations) == 1),
    ]
    of_nuclei = "micronucleus" in results[0].names and not of_cells
    unit: Unit = "field" if of_fields else "nucleus" if of_nuclei else "cell"
    return Summary(unit, tuple(groups), _notes(results[0].names, unit, Tally.pool(tallies)))


def group_names(images: Sequence[str], design: Mapping[str, Sample] | None) -> tuple[str, ...]:
    """Return every group name that `Summary.group` will know for these images."""
    samples = samples_of(images, design)
    names = (*(s.concentration for s in samples), *(_replicate(s) for s in samples if s.replicate), *images)
    return tuple(dict.fromkeys(name for name in names if name))


def _compared_counts(group: Group) -> tuple[int, int]:
    """Return positives and total of a group."""
    primary = group.primary
    if primary is None:
        raise AnnotationError("Groups are compared by their positive class; these classes have none.")
    if not primary.total:
        raise AnnotationError(f"Nothing to compare in {group.name}: {primary.label} has a total of 0.")
    return primary.count or 0, primary.total


def _check_classes(results: Sequence[Classified], cells: Sequence[NDArray[np.int64] | None] | None) -> None:
    if not results:
        raise AnnotationError("There are no classified images to count.")
    for result in results:
        if result.names != results[0].names:
            raise AnnotationError(
                f"{result.provenance.image!r} has the classes {', '.join(result.names)}, "
                f"{results[0].provenance.image!r} {', '.join(results[0].names)}: they cannot be counted together."
            )
    if cells is None:
        return
    given = sum(each is not None for each in cells)
    if len(cells) != len(results) or given not in {0, len(results)}:
        raise AnnotationError(
            f"Cells are given for {given} of {len(results)} images: the unit is the cell in all of them, or in none."
        )


def _replicate(sample: Sample) -> str:
    """Return the name of a replicate, with its concentration, since replicates of each may have the same names."""
    return f"{sample.concentration} / {sample.replicate}" if sample.concentration else sample.replicate


def _groups(level: Level, keys: Sequence[tuple[str, Sample] | None], tallies: Sequence[Tally]) -> list[Group]:
    """Return one group per key, in order of first appearance."""
    members: dict[tuple[str, Sample], list[Tally]] = {}
    for key, tally in zip(keys, tallies, strict=True):
        if key is not None:
            members.setdefault(key, []).append(tally)
    asked = level == "concentration"
    return [_group(level, name, sample, each, against_asked=asked) for (name, sample), each in members.items()]


def _group(level: Level, name: str, sample: Sample, tallies: Sequence[Tally], *, against_asked: bool) -> Group:
    measures = Tally.pool(tallies).measures(against_asked=against_asked)
    return Group(level, name, sample, len(tallies), measures)


def _notes(names: Sequence[str], unit: Unit, tally: Tally) -> tuple[str, ...]:
    notes = []
    if unit == "nucleus":
        notes.append(
            "The unit is the nucleus: these figures cannot be compared with the "
            f"{BINUCLEATED_ASKED:,} binucleated cells that OECD TG 487 asks for; that needs cells."
        )
    elif "micronucleus" in names:
        notes.append(f"OECD TG 487 asks for {BINUCLEATED_ASKED:,} binucleated cells per concentration.")
        if tally.micronuclei is None:
            notes.append("Micronuclei were not counted individually: each nucleus counts as with or without.")
    if tally.outside:
        nuclei = counted(tally.outside, "nucleus lies", "nuclei lie")
        notes.append(f"{nuclei} in no cell and {'is' if tally.outside == 1 else 'are'} not counted.")
    if tally.corrected:
        classes = counted(tally.corrected, "class was", "classes were")
        notes.append(f"{classes} given by a person.")
    return tuple(notes)
