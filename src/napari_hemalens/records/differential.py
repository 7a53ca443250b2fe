"""Differential counts with confidence intervals, and what they leave out.

Counting rules: ICSH guidelines for bone marrow (Lee et al. 2008), which ask for 500 nucleated
cells, 200 in blood.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from napari_hemalens.progress import counted
from napari_hemalens.records.synonyms import meaning
from napari_hemalens.records.taxonomy import COARSE_CLASSES, ICSH, UNCLASSIFIABLE, Taxonomy, cell_class, is_known

Tissue = Literal["marrow", "blood"]

UnsureCells = Literal["apart", "counted"]

CELLS_ASKED: Mapping[Tissue, int] = {"marrow": 500, "blood": 200}
"""Number of nucleated cells to count for a differential."""

NOT_RECOGNISED = "not recognised by these weights"

_Z95 = 1.959963984540054  # 97.5 % point of the normal distribution


def wilson_interval(count: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion, as fractions in 0-1; (0, 1) where `total` is 0.

    Wilson 1927, doi:10.1080/01621459.1927.10502953: it stays inside 0-1 and has a width even at
    a count of 0.
    """
    if total == 0:
        return 0.0, 1.0
    p, z2 = count / total, _Z95**2
    centre = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z95 / (1 + z2 / total) * math.sqrt(p * (1 - p) / total + z2 / (4 * total**2))
    return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True, slots=True)
class ClassCount:
    """One class of a differential.

    Attributes
    ----------
    name : str
        The class.
    count : int or None
        Cells counted; None if the weights cannot recognise the class, which is not the same as 0.
    percent, low, high : float or None
        Share of the nucleated cells and its 95 % Wilson interval, in per cent. None for cells
        outside the differential (red cells, platelets) and for classes that are not recognised.
    given : int
        Cells of a class that is not recognised, which a person named: nobody has looked for the others, so they are
        no rate.
    """

    name: str
    count: int | None
    percent: float | None = None
    low: float | None = None
    high: float | None = None
    given: int = 0

    @property
    def note(self) -> str:
        """A remark on this row, or an empty string."""
        if self.count is not None:
            return ""
        return f"{NOT_RECOGNISED}; {self.given} given by hand" if self.given else NOT_RECOGNISED


_FRAME = re.compile(r" \[[A-Z]=\d+(,[A-Z]=\d+)*\]$")  # at the end of `Provenance.title`


@dataclass(frozen=True, slots=True)
class Differential:
    """The differential count of one or more fields.

    Attributes
    ----------
    rows : tuple of ClassCount
        The nucleated classes of the taxonomy, in its order.
    beside : tuple of ClassCount
        Red cells and platelets: counted, but not part of the differential.
    fields : tuple of str
        Names of the images counted.
    tissue : {'marrow', 'blood'}
        Determines how many nucleated cells to count.
    taxonomy : str
        Name of the taxonomy of the rows.
    unsure : int
        Nucleated cells that are in no row, because they are unlike all that the classifier learned from.
    unknown : mapping of str to int
        Cells by class where it is not known what the name means: they are among the nucleated, as unclassifiable.
    notes : tuple of str
        What speaks against trusting the counts, a sentence each; of several images, with how many and which.
    """

    rows: tuple[ClassCount, ...]
    beside: tuple[ClassCount, ...]
    fields: tuple[str, ...]
    tissue: Tissue
    taxonomy: str
    unsure: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def extent(self) -> str:
        """What was counted in words: '3 images', or '2 frames of 1 image'."""
        images = len({_FRAME.sub("", name) for name in self.fields})
        said = f"{images} image{'s' * (images != 1)}"
        return said if images == len(self.fields) else f"{len(self.fields)} frames of {said}"

    @property
    def nucleated(self) -> int:
        """Nucleated cells counted, those of classes given by hand included."""
        return sum((row.count or 0) + row.given for row in self.rows)

    @property
    def asked(self) -> int:
        """Nucleated cells that ICSH asks for: 500 in marrow, 200 in blood."""
        return CELLS_ASKED[self.tissue]

    @property
    def myeloid_erythroid(self) -> float | None:
        """M:E ratio: granulocytes and monocytes with precursors over erythroblasts; None without erythroblasts."""
        erythroid = self._cells_of("erythroid")
        return self._cells_of("myeloid") / erythroid if erythroid else None

    @property
    def blasts_hidden(self) -> bool:
        """Whether blasts may be counted as lymphocytes: the weights know these, and not blasts."""
        recognised = {row.name: row.count is not None for row in self.rows}
        return recognised.get("lymphocyte", False) and not recognised.get("blast", True)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences to show with the numbers."""
        found = []
        if self.nucleated < self.asked:
            found.append(f"ICSH asks for {self.asked} nucleated cells in {self.tissue}.")
        if self.unsure:
            cells = counted(self.unsure, "unsure cell is", "unsure cells are")
            found.append(f"{cells} counted apart: unlike those the classifier learned from.")
        if self.unknown:
            named = ", ".join(f"{name!r} ({count})" for name, count in self.unknown.items())
            found.append(f"Counted as nucleated and unclassifiable, since it is not known what they are: {named}.")
        missing = {row.name: row.given for row in self.rows if row.count is None}
        if missing:
            listed = (f"{name} ({given} given by hand)" if given else name for name, given in missing.items())
            found.append(f"Not recognised by these weights: {', '.join(listed)}.")
        if self.blasts_hidden:
            found.append("Blasts may therefore appear as lymphocytes.")
        return tuple(found)

    def _cells_of(self, lineage: str) -> int:
        return sum((r.count or 0) + r.given for r in self.rows if cell_class(r.name).lineage == lineage)


def differential(
    counts: Mapping[str, int],
    recognised: Sequence[str],
    *,
    taxonomy: Taxonomy = ICSH,
    tissue: Tissue = "marrow",
    fields: Sequence[str] = (),
) -> Differential:
    """Return the differential of counts.

    Parameters
    ----------
    counts : mapping of str to int
        Number of cells by class, predicted or assigned by a person.
    recognised : sequence of str
        Classes that the weights can predict. Any other is reported as not recognised, without a count or share; the
        cells that a person gave it are listed beside.
    taxonomy : Taxonomy
        The rows. Names are compared by meaning (`records.synonyms`). Classes without a row are added to
        `unclassifiable`, so that no cell is lost; those that only say less than a row get a row of their own.
    tissue : {'marrow', 'blood'}
        Determines how many nucleated cells to count.
    fields : sequence of str
        Names of the images counted.
    """
    known = {*taxonomy.recognised_by(recognised), *map(_coarse, recognised), UNCLASSIFIABLE}
    totals = dict.fromkeys(taxonomy.recognised_by(recognised), 0)
    for name, count in counts.items():
        group = taxonomy.class_of(name) or _coarse(name)
        totals[group] = totals.get(group, 0) + count
    order = [
        *(g for g in taxonomy.classes if g in totals or cell_class(g).always_listed),
        *(g for g in totals if g not in taxonomy.classes),
    ]
    nucleated = sum(n for g, n in totals.items() if cell_class(g).nucleated)
    return Differential(
        rows=tuple(_row(g, totals.get(g), nucleated, g in known) for g in order if cell_class(g).nucleated),
        beside=tuple(_row(g, totals.get(g), 0, g in known) for g in order if not cell_class(g).nucleated),
        fields=tuple(fields),
        tissue=tissue,
        taxonomy=taxonomy.name,
        unknown={name: n for name, n in counts.items() if n and not (taxonomy.class_of(name) or is_known(name))},
    )


def _coarse(name: str) -> str:
    meant = meaning(name)
    return meant if meant in COARSE_CLASSES else UNCLASSIFIABLE


def _row(name: str, count: int | None, total: int, known: bool) -> ClassCount:
    if not known:
        return ClassCount(name, None, given=count or 0)
    if count is None or total == 0:
        return ClassCount(name, count)
    low, high = wilson_interval(count, total)
    return ClassCount(name, count, 100 * count / total, 100 * low, 100 * high)
