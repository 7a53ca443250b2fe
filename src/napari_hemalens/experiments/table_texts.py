"""Figures of a table as texts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def mean_text(values: Sequence[float], digits: int) -> str:
    """Return mean and, of several runs, deviation (n - 1)."""
    if not values:
        return "-"
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def printed_texts(paper: Mapping[str, float] | None, measures: Sequence[str]) -> list[str]:
    """Return the figures that a paper prints, with deviations where it prints them; a dash for what it does not."""
    paper = paper or {}
    deviations = (f" ± {paper[f'{m} sd']:.3f}" if f"{m} sd" in paper else "" for m in measures)
    return [f"{paper[m]:.3f}{sd}" if m in paper else "-" for m, sd in zip(measures, deviations, strict=True)]


def shown_text(value: Any) -> str:
    """Return a value, or a dash for None."""
    return "-" if value is None else str(value)
