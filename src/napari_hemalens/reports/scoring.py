"""What is counted of classified cells: a tally an image, tallies added up, and figures with intervals.

The cytokinesis-block proliferation index and the units of the micronucleus test: OECD Test Guideline 487 (2023),
https://doi.org/10.1787/9789264264861-en; intervals: Wilson's, as in `differential`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.differential import wilson_interval
from napari_hemalens.records.tasks import TASKS

BINUCLEATED_ASKED = 2000
"""Binucleated cells of each concentration that OECD TG 487 asks to be scored."""

IN_NO_CELL = 0
"""In an array of the cells that nuclei belong to: in none; such nuclei do not count."""

_MICRONUCLEUS = TASKS["micronucleus"]
_MANY = 3  # micronuclei, or nuclei, from which on a cell is one of 'three or more'


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure.

    Attributes
    ----------
    label : str
        What it is.
    count, total : int or None
        What was counted, and among how many.
    value, low, high : float or None
        The figure and its 95 % interval; None where there is none, or nothing to compute it from.
    primary : bool
        Whether `count` and `total` are what two groups are compared by.
    """

    label: str
    count: int | None = None
    total: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    primary: bool = False

    @classmethod
    def share(cls, label: str, count: int, total: int, *, per: int, primary: bool = False) -> Self:
        """Return how many there are per so many, with the interval."""
        if total == 0:
            return cls(label, count, total, primary=primary)
        low, high = wilson_interval(count, total)
        return cls(label, count, total, per * count / total, per * low, per * high, primary)

    @property
    def text(self) -> str:
        """The figure in words; '-' where it cannot be computed."""
        if self.value is None:
            if self.total == 0:
                return "- (of 0)"
            among = "" if self.total is None else f" of {self.total:,}"
            return "-" if self.count is None else f"{self.count:,}{among}"
        if self.low is None:
            return f"{self.value:.2f}"
        return f"{self.value:.1f} ({self.low:.1f}-{self.high:.1f}; {self.count:,} of {self.total:,})"


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What one image, or several, add to the figures.

    Attributes
    ----------
    counts : mapping of str to int
        Cells, or nuclei, of each class.
    nuclei : (C,) int64 or None
        Nuclei in each cell; None where the unit is the nucleus.
    micronucleated : (C,) int64 or None
        How many of them have a micronucleus.
    micronuclei : (C,) int64 or None
        Micronuclei of each unit, which is the cell, or else the nucleus; None where nobody counted them.
    outside : int
        Nuclei that lie in no cell.
    corrected : int
        Cells whose class a person gave.
    """

    counts: dict[str, int]
    nuclei: NDArray[np.int64] | None
    micronucleated: NDArray[np.int64] | None
    micronuclei: NDArray[np.int64] | None
    outside: int = 0
    corrected: int = 0

    @classmethod
    def from_result(
        cls, result: Classified, cells: NDArray[np.int64] | None, micronuclei: NDArray[np.int64] | None
    ) -> Self:
        """Count one image.

        Parameters
        ----------
        result : Classified
            Its nuclei, or cells.
        cells : (N,) int64 or None
            The cell that each nucleus belongs to, 0 for none; None: each row is a unit of its own.
        micronuclei : (N,) int64 or None
            How many there are at each nucleus. The class decides whether there are any: a nucleus that is called
            micronucleated has at least one, any other none.

        Raises
        ------
        AnnotationError
            If an array has not one number for each nucleus.
        """
        for given, what in ((cells, "cells"), (micronuclei, "counts of micronuclei")):
            if given is not None and np.shape(given) != (len(result),):
                raise AnnotationError(f"{len(given)} {what} for {len(result)} nuclei of {result.provenance.image!r}.")
        corrected = int(np.count_nonzero(result.correction_kinds != ""))
        positive = result.class_names == _MICRONUCLEUS.positive
        found = None if micronuclei is None else that_count(result, micronuclei)
        if cells is None:
            return cls(result.counts(), None, None, found, corrected=corrected)
        inside = cells != IN_NO_CELL
        numbers, index = np.unique(cells[inside], return_inverse=True)
        nuclei = np.bincount(index, minlength=len(numbers))
        with_one = _add_up(index, positive[inside], len(numbers))
        per_cell = None if found is None else _add_up(index, found[inside], len(numbers))
        return cls(result.counts(), nuclei, with_one, per_cell, int((~inside).sum()), corrected)

    @classmethod
    def together(cls, tallies: Sequence[Self]) -> Self:
        """Add up what several images say."""
        counts: dict[str, int] = {}
        for tally in tallies:
            for name, count in tally.counts.items():
                counts[name] = counts.get(name, 0) + count
        return cls(
            counts,
            _join([tally.nuclei for tally in tallies]),
            _join([tally.micronucleated for tally in tallies]),
            _join([tally.micronuclei for tally in tallies]),
            sum(tally.outside for tally in tallies),
            sum(tally.corrected for tally in tallies),
        )

    def measures(self, *, against_asked: bool) -> tuple[Measure, ...]:
        """Return the figures; `against_asked`: set binucleated cells against what is asked of a concentration."""
        if set(self.counts) != set(_MICRONUCLEUS.classes):
            return self._shares()
        if self.nuclei is None or self.micronucleated is None:
            return self._of_nuclei()
        return (*self._of_cells(self.nuclei, self.micronucleated, against_asked=against_asked), *self._spread())

    def _shares(self) -> tuple[Measure, ...]:
        total = sum(self.counts.values())
        positive = {task.positive for task in TASKS.values() if set(task.classes) == set(self.counts)}
        rows = [
            Measure.share(f"{name}, per cent", count, total, per=100, primary=name in positive)
            for name, count in self.counts.items()
        ]
        return (Measure("cells", total), *rows)

    def _of_nuclei(self) -> tuple[Measure, ...]:
        count, total = self.counts["micronucleus"], sum(self.counts.values())
        rate = Measure.share("micronucleated nuclei per 1,000", count, total, per=1000, primary=True)
        return (Measure("nuclei", total), Measure("micronucleated nuclei", count), rate, *self._spread())

    def _of_cells(
        self, nuclei: NDArray[np.int64], micronucleated: NDArray[np.int64], *, against_asked: bool
    ) -> tuple[Measure, ...]:
        one, two, more = nuclei == 1, nuclei == 2, nuclei >= _MANY
        mono, bi, multi = (int(mask.sum()) for mask in (one, two, more))
        index = (mono + 2 * bi + 3 * multi) / len(nuclei) if len(nuclei) else None
        in_mono, in_bi = (int((micronucleated[mask] > 0).sum()) for mask in (one, two))
        asked = (Measure("binucleated cells of the 2,000 asked for", bi, BINUCLEATED_ASKED),) if against_asked else ()
        return (
            Measure("cells", len(nuclei)),
            Measure("mononucleated cells", mono),
            Measure("binucleated cells", bi),
            Measure("multinucleated cells", multi),
            Measure("cytokinesis-block proliferation index", value=index),
            Measure.share("micronucleated binucleated cells per 1,000", in_bi, bi, per=1000, primary=True),
            *asked,
            Measure.share("micronucleated mononucleated cells per 1,000", in_mono, mono, per=1000),
        )

    def _spread(self) -> tuple[Measure, ...]:
        """Return how many units have 0, 1, 2, 3 or more micronuclei, or micronucleated nuclei where that is unknown."""
        unit, what, each = "cells", "micronuclei", self.micronuclei
        if each is None:
            what, each = "micronucleated nuclei", self.micronucleated
        if each is None:
            return ()
        if self.nuclei is None:
            unit = "nuclei"
        found = np.bincount(np.minimum(each, _MANY), minlength=_MANY + 1).tolist()
        numbers = ("0", "1", "2", "3 or more")
        return tuple(Measure(f"{unit} with {number} {what}", n) for number, n in zip(numbers, found, strict=True))


def that_count(result: Classified, micronuclei: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the micronuclei (N,) that count, of those seen: one at least where a nucleus is called so, else none."""
    positive = result.class_names == _MICRONUCLEUS.positive
    return np.where(positive, np.maximum(micronuclei, 1), 0).astype(np.int64)


def _add_up(index: NDArray[np.int64], values: NDArray[np.bool_] | NDArray[np.int64], length: int) -> NDArray[np.int64]:
    return np.bincount(index, values, length).astype(np.int64)


def _join(arrays: Sequence[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    known = [array for array in arrays if array is not None]
    return np.concatenate(known) if known and len(known) == len(arrays) else None
