"""Ratios that describe a marrow: myeloid to erythroid cells, and immature to mature ones of a lineage.

M:E follows the ICSH guidelines (Lee et al. 2008, doi:10.1111/j.1751-553X.2008.01100.x). A ratio of two counts a and b
is the odds of a share, a / (a + b), so that its interval is that share's, as odds.
"""

from dataclasses import dataclass

from napari_hemalens.records.differential import Differential, wilson_interval
from napari_hemalens.records.taxonomy import cell_class

IMMATURE = ("promyelocyte", "myelocyte")
"""Granulocytes above the line of I:Mg. Blasts may be of any lineage, and are left out."""

MATURE = ("metamyelocyte", "band_neutrophil", "segmented_neutrophil")
"""Granulocytes below the line of I:Mg."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One count over another.

    Attributes
    ----------
    over, under : int
        The counts.
    """

    over: int
    under: int

    @property
    def value(self) -> float | None:
        """The ratio; None where nothing is under the line."""
        return self.over / self.under if self.under else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 95 % interval, of which the upper end may be infinite; None where there is no ratio."""
        if not self.under:
            return None
        low, high = wilson_interval(self.over, self.over + self.under)
        return low / (1 - low), high / (1 - high) if high < 1 else float("inf")


def myeloid_erythroid(differential: Differential) -> Ratio:
    """Return granulocytes and monocytes with their precursors over erythroblasts."""
    of = {lineage: _cells(differential, lineage=lineage) for lineage in ("myeloid", "erythroid")}
    return Ratio(of["myeloid"], of["erythroid"])


def immature_mature_granulocytes(differential: Differential) -> Ratio | None:
    """Return I:Mg; None where the weights do not recognise one of its classes, and no share of it is known."""
    rows = {row.name: row for row in differential.rows}
    if any(name not in rows or rows[name].count is None for name in (*IMMATURE, *MATURE)):
        return None
    return Ratio(_cells(differential, *IMMATURE), _cells(differential, *MATURE))


def _cells(differential: Differential, *names: str, lineage: str = "") -> int:
    return sum(
        (row.count or 0) + row.given
        for row in differential.rows
        if row.name in names or cell_class(row.name).lineage == lineage
    )
