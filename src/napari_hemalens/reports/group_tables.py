"""Slides, patients and groups counted as tables, with the tests between groups; as CSV, and as text for terminals."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from napari_hemalens.formats.tables import write_csv
from napari_hemalens.progress import counted
from napari_hemalens.reports.group_tests import ClassTest
from napari_hemalens.reports.groups import CellCount, GroupComparison, Level
from napari_hemalens.reports.language import ENGLISH, Language

TEST_COLUMNS = (
    *("class", "first_group", "second_group", "first_cells", "first_total", "second_cells", "second_total"),
    *("odds_ratio", "fisher_p", "fisher_p_adjusted", "first_median_percent", "second_median_percent"),
    *("mann_whitney_u", "mann_whitney_p", "mann_whitney_exact", "mann_whitney_p_adjusted"),
)
"""Columns of `tests.csv`. Adjusted is for all its classes, by Benjamini and Hochberg."""

_OF_LEVEL: dict[Level, tuple[str, ...]] = {
    "slide": ("patient", "sample", "stain", "group"),
    "patient": ("group", "slides"),
    "group": ("patients", "slides"),
}
_LEAST = 0.0001  # p that is given as a number
_SHARES = ("class", "count", "total", "percent", "low", "high", "unsure")


def write_comparison(found: GroupComparison, folder: Path) -> tuple[Path, ...]:
    """Write `slides.csv`, `patients.csv`, `groups.csv`, and `tests.csv` where groups are compared; return the files.

    A row a class: cells, all cells, the share in per cent and its 95 % interval. What an earlier comparison wrote is
    replaced.
    """
    written = []
    for level, more in _OF_LEVEL.items():
        written.append(folder / f"{level}s.csv")
        rows = (row for counted in found.counts(level) for row in _share_rows(found, counted, level))
        write_csv(written[-1], (level, *more, *_SHARES), rows)
    tests = folder / "tests.csv"
    if found.tests:
        write_csv(tests, TEST_COLUMNS, (_test_row(found, test) for test in found.tests))
        return (*written, tests)
    tests.unlink(missing_ok=True)  # of groups that can be compared no more
    return tuple(written)


def comparison_text(found: GroupComparison) -> str:
    """Return groups and tests as text for a terminal, with the notes."""
    blocks = []
    for group in found.groups:
        numbers = (group.patients, "patient"), (group.slides, "slide"), (group.total, "cell")
        said = f"{group.name}: {', '.join(counted(number, what) for number, what in numbers)}"
        shares = [group.share(name) for name in found.classes if group.counts.get(name)]
        width = max((len(share.label) for share in shares), default=0)
        blocks.append("\n".join([said, *(f"  {share.label:<{width}}  {share.text}" for share in shares)]))
    if found.compared is not None and found.tests:
        blocks.append(_tests_text(found.compared, found.tests))
    return "\n\n".join([*blocks, "\n".join([*filter(None, [found.refusal]), *found.notes, "Intervals are 95 %."])])


def p_text(p: float, language: Language = ENGLISH) -> str:
    """Return a p value for people."""
    return f"< {language.number(_LEAST, 4)}" if p < _LEAST else language.number(p, 4)


def ratio_text(ratio: float, language: Language = ENGLISH) -> str:
    """Return an odds ratio for people."""
    if math.isfinite(ratio):
        return language.number(ratio, 2)
    return language.say("not defined") if math.isnan(ratio) else language.say("infinite")


def _tests_text(compared: tuple[str, str], tests: tuple[ClassTest, ...]) -> str:
    width = max(len(test.class_name) for test in tests)
    lines = [f"{compared[1]} compared with {compared[0]}; p, then p adjusted for all classes"]
    for test in tests:
        fisher = f"Fisher, cells: {p_text(test.fisher_p)}, {p_text(test.fisher_adjusted)}"
        ranks = f"Mann-Whitney, patients: {p_text(test.rank_p)}, {p_text(test.rank_adjusted)}"
        lines.append(f"  {test.class_name:<{width}}  {fisher}; {ranks}")
    return "\n".join(lines)


def _share_rows(found: GroupComparison, counted: CellCount, level: Level) -> Iterator[tuple[Any, ...]]:
    about = (counted.name, *(getattr(counted, what) for what in _OF_LEVEL[level]))
    for name in found.classes:
        share = counted.share(name)
        figures = (None if value is None else round(value, 4) for value in (share.value, share.low, share.high))
        yield (*about, name, share.count, share.total, *figures, counted.unsure)


def _test_row(found: GroupComparison, test: ClassTest) -> tuple[Any, ...]:
    (first, first_total), (second, second_total) = test.cells
    medians = (round(median, 4) for median in test.medians)
    of_patients = (test.u, test.rank_p, "yes" if test.exact else "no", test.rank_adjusted)
    cells = (first, first_total, second, second_total, test.odds_ratio, test.fisher_p, test.fisher_adjusted)
    return (test.class_name, *(found.compared or ("", "")), *cells, *medians, *of_patients)
