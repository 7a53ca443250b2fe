"""The rule for every table: rows are compared only where their plain baseline has learned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_hemalens.experiments.table_texts import mean_text


@dataclass(frozen=True, slots=True)
class Floor:
    """What the plain row of a comparison has to reach before other rows are compared with it.

    Attributes
    ----------
    row : str
        Name of the plain row.
    measure : str
        Name of the measure.
    least : float
        Where its mean over the runs is lower, the budget is too small to tell anything.
    """

    row: str
    measure: str
    least: float

    def is_cleared(self, values: Sequence[float]) -> bool:
        """Return whether the runs of the plain row reach the floor; without runs, they do not."""
        return bool(values) and float(np.mean(values)) >= self.least

    def judge(self, label: str, values: Sequence[float]) -> str:
        """Return what must be known before a table is read, in Markdown.

        Parameters
        ----------
        label : str
            What the table calls the plain row.
        values : sequence of float
            Its measure, by run.
        """
        floor = f"floor {self.least:.2f}"
        if not values:
            return (
                f"**Whether the budget is large enough is not known**: the plain baseline, {label}, was not run "
                f"({self.measure}, {floor})."
            )
        reached = f"the plain baseline, {label}, reaches {self.measure} {mean_text(values, 3)} ({floor})"
        if self.is_cleared(values):
            return f"The budget is large enough: {reached}."
        return f"**Below the floor, so nothing is ranked**: {reached}. What lies between rows says nothing."
