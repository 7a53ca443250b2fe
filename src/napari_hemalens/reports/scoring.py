"""Counting classified cells: one tally per image, tallies pooled, and figures with intervals.

The cytokinesis-block proliferation index and the units of the micronucleus test: OECD Test Guideline 487 (2023),
https://doi.org/10.1787/9789264264861-en; intervals: Wilson's, as in `differential`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.differential import wilson_interval
from napari_hemalens.records.tasks import TASKS

BINUCLEATED_ASKED = 2000
"""Binucleated cells to score per concentration, as OECD TG 487 asks."""

IN_NO_CELL = 0
"""In place of the cell of a nucleus: it lies in none, and does not count."""

_MICRONUCLEUS = TASKS["micronucleus"]
_MANY = 3  # micronuclei, or nuclei, at which 'three or more' starts


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure.

    Attributes
    ----------
    label : str
        Name of the figure.
    count, total : int or None
        Number counted, out of how many.
    value, low, high : float or None
        The figure and its 95 % interval; None where it does not apply or cannot be computed.
    primary : bool
        Whether groups are compared by `count` and `total`.
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
        """Return a proportion, times `per`, with its interval."""
        if total == 0:
            return cls(label, count, total, primary=primary)
        low, high = wilson_interval(count, total)
        return cls(label, count, total, per * count / total, per * low, per * high, primary)

    @property
    def text(self) -> str:
        """The figure as text; '-' where it cannot be computed."""
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
    """The counts of one image, or of several pooled.

    Attributes
    ----------
    counts : mapping of str to int
        Cells, or nuclei, of each class.
    nuclei : (C,) int64 or None
        Nuclei per cell; None where the unit is the nucleus.
    micronucleated : (C,) int64 or None
        Nuclei with a micronucleus per cell.
    micronuclei : (C,) int64 or None
        Micronuclei per cell, or per nucleus where that is the unit; None where they were not counted.
    outside : int
        Nuclei that lie in no cell.
    corrected : int
        Cells whose class was given by a person.
    unit : {'cell', 'field'}
        What has a class, where no micronuclei are asked for.
    """

    counts: dict[str, int]
    nuclei: NDArray[np.int64] | None
    micronucleated: NDArray[np.int64] | None
    micronuclei: NDArray[np.int64] | None
    outside: int = 0
    corrected: int = 0
    unit: Literal["cell", "field"] = "cell"

    @classmethod
    def from_result(
        cls,
        result: Classified,
        cells: NDArray[np.int64] | None,
        micronuclei: NDArray[np.int64] | None,
        *,
        of_field: bool = False,
    ) -> Self:
        """Count one image.

        Parameters
        ----------
        result : Classified
            Its nuclei, or cells.
        cells : (N,) int64 or None
            The cell that each nucleus belongs to, 0 for none; None: the unit is the nucleus.
        micronuclei : (N,) int64 or None
            Number seen at each nucleus. The class takes precedence: a nucleus classified as micronucleated has at
            least one, any other none.
        of_field : bool
            Whether the class is that of the whole image, and no cell's.

        Raises
        ------
        AnnotationError
            If an array does not have one number per nucleus.
        """
        for given, what in ((cells, "cells"), (micronuclei, "counts of micronuclei")):
            if given is not None and np.shape(given) != (len(result),):
                raise AnnotationError(f"{len(given)} {what} for {len(result)} nuclei of {result.provenance.image!r}.")
        corrected = int(np.count_nonzero(result.correction_kinds != ""))
        positive = result.class_names == _MICRONUCLEUS.positive
        found = None if micronuclei is None else scored_micronuclei(result, micronuclei)
        if cells is None:
            unit: Literal["cell", "field"] = "field" if of_field else "cell"
            return cls(result.counts(), None, None, found, corrected=corrected, unit=unit)
        inside = cells != IN_NO_CELL
        numbers, index = np.unique(cells[inside], return_inverse=True)
        nuclei = np.bincount(index, minlength=len(numbers))
        with_one = _add_up(index, positive[inside], len(numbers))
        per_cell = None if found is None else _add_up(index, found[inside], len(numbers))
        return cls(result.counts(), nuclei, with_one, per_cell, int((~inside).sum()), corrected)

    @classmethod
    def pool(cls, tallies: Sequence[Self]) -> Self:
        """Return the tallies of several images as one."""
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
            tallies[0].unit if tallies else "cell",
        )

    def measures(self, *, against_asked: bool) -> tuple[Measure, ...]:
        """Return the figures; with `against_asked`, also binucleated cells out of those OECD TG 487 asks for."""
        if set(self.counts) != set(_MICRONUCLEUS.classes):
            return self._class_measures()
        if self.nuclei is None or self.micronucleated is None:
            return self._nucleus_measures()
        return (
            *self._cell_measures(self.nuclei, self.micronucleated, against_asked=against_asked),
            *self._distribution(),
        )

    def _class_measures(self) -> tuple[Measure, ...]:
        total = sum(self.counts.values())
        positive = {task.positive for task in TASKS.values() if set(task.classes) == set(self.counts)}
        rows = [
            Measure.share(f"{name}, per cent", count, total, per=100, primary=name in positive)
            for name, count in self.counts.items()
        ]
        return (Measure(f"{self.unit}s", total), *rows)

    def _nucleus_measures(self) -> tuple[Measure, ...]:
        count, total = self.counts["micronucleus"], sum(self.counts.values())
        rate = Measure.share("micronucleated nuclei per 1,000", count, total, per=1000, primary=True)
        return (Measure("nuclei", total), Measure("micronucleated nuclei", count), rate, *self._distribution())

    def _cell_measures(
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

    def _distribution(self) -> tuple[Measure, ...]:
        """Return the number of units with 0, 1, 2, 3 or more micronuclei, or else micronucleated nuclei."""
        unit, one, several, each = "cells", "micronucleus", "micronuclei", self.micronuclei
        if each is None:
            one, several, each = "micronucleated nucleus", "micronucleated nuclei", self.micronucleated
        if each is None:
            return ()
        if self.nuclei is None:
            unit = "nuclei"
        found = np.bincount(np.minimum(each, _MANY), minlength=_MANY + 1).tolist()
        numbers = (f"0 {several}", f"1 {one}", f"2 {several}", f"3 or more {several}")
        return tuple(Measure(f"{unit} with {number}", n) for number, n in zip(numbers, found, strict=True))


def scored_micronuclei(result: Classified, micronuclei: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the micronuclei (N,) that count: at least one where the class is micronucleus, else none."""
    positive = result.class_names == _MICRONUCLEUS.positive
    return np.where(positive, np.maximum(micronuclei, 1), 0).astype(np.int64)


def _add_up(index: NDArray[np.int64], values: NDArray[np.bool_] | NDArray[np.int64], length: int) -> NDArray[np.int64]:
    return np.bincount(index, values, length).astype(np.int64)


def _join(arrays: Sequence[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    known = [array for array in arrays if array is not None]
    return np.concatenate(known) if known and len(known) == len(arrays) else None
