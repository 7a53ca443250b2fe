"""Classified cells as CSV tables for statistics programs, and their summary as text for terminals."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.naming import short_names
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.measurements import OUTLINE_MEASUREMENTS
from napari_hemalens.reports.assay import Comparison, Group, Summary
from napari_hemalens.reports.detections import RESEARCH_USE
from napari_hemalens.reports.scoring import Measure, scored_micronuclei

_CORRECTION = ("corrected", "predicted_class", "predicted_score", "observer")
_SUMMARY_COLUMNS = (
    *("level", "group", "replicate", "concentration", "images", "unit"),
    *("measure", "count", "total", "value", "low", "high"),
)


def cells_rows(
    results: Sequence[Classified],
    corrections: Sequence[ArrayLike | None] | None = None,
    *,
    cells: Sequence[NDArray[np.int64] | None] | None = None,
    micronuclei: Sequence[NDArray[np.int64] | None] | None = None,
) -> list[dict[str, Any]]:
    """Return one row per cell, by column.

    `cell` is the value in the label image. `class` is the class that counts: a person's where `corrected` is 'class'
    (differs from the classifier's) or 'accepted' (the same), and `observer` is that person. `predicted_class` and
    `predicted_score` are the classifier's, `p_<class>` all its probabilities, and `entropy` is 0 where it is certain,
    1 where all classes are equally likely. `area` is in pixels; centroids are in pixels from the image's
    corner. What was measured (`records.measurements`) has a column each, None where it is not known. With `cells`,
    `belongs_to` is the cell of a nucleus, 0 for none. With `micronuclei`, a column of that name holds how many count,
    as in `scoring.scored_micronuclei`.

    Parameters
    ----------
    results : sequence of Classified
        One per image, all with the same classes.
    corrections : sequence of (N,) int, optional
        For each result, the classes that a person gave, as in `Classified.with_corrections`; None: none.
    cells : sequence of (N,) int64, optional
        For each result, the cell of each nucleus, as in `assay.summary`.
    micronuclei : sequence of (N,) int64, optional
        For each result, the micronuclei seen at each nucleus, as in `assay.summary`.
    """
    rows: list[dict[str, Any]] = []
    measured = measured_names(results)
    for i, (image, result) in enumerate(zip(short_names(results), results, strict=True)):
        given = corrections[i] if corrections else None
        counted = result if given is None else result.with_corrections(given)
        own = list(_image_rows(image, counted, cells[i] if cells else None, micronuclei[i] if micronuclei else None))
        rows += [row | values for row, values in zip(own, _measurements(counted, measured), strict=True)]
    return rows


def measured_names(results: Sequence[Classified]) -> tuple[str, ...]:
    """Return what is measured in any of the images, in the order of `OUTLINE_MEASUREMENTS`."""
    known = {name for result in results if result.measurements for name in result.measurements.names}
    return tuple(name for name in OUTLINE_MEASUREMENTS if name in known)


def table_columns(results: Sequence[Classified], *, belongs_to: bool = False, micronuclei: bool = False) -> list[str]:
    """Return the columns of `cells_rows`, where cells of nuclei and micronuclei are given or not.

    Raises
    ------
    AnnotationError
        If the images have different classes.
    """
    names = {result.names for result in results}
    if len(names) > 1:
        raise AnnotationError(f"One table cannot hold the classes {' and '.join(', '.join(n) for n in sorted(names))}.")
    extra = [name for name, given in (("belongs_to", belongs_to), ("micronuclei", micronuclei)) if given]
    return [*_columns(next(iter(names), ())), *measured_names(results), *extra]


def write_cells(
    results: Sequence[Classified],
    path: str | Path,
    corrections: Sequence[ArrayLike | None] | None = None,
    *,
    cells: Sequence[NDArray[np.int64] | None] | None = None,
    micronuclei: Sequence[NDArray[np.int64] | None] | None = None,
) -> None:
    """Write `cells.csv`: the rows of `cells_rows`.

    Raises
    ------
    AnnotationError
        If the images have different classes.
    """
    columns = table_columns(results, belongs_to=bool(cells), micronuclei=bool(micronuclei))
    rows = cells_rows(results, corrections, cells=cells, micronuclei=micronuclei)
    write_csv(path, columns, ([row.get(column) for column in columns] for row in rows))


def summary_rows(summary: Summary, comparison: Comparison | None = None) -> list[tuple[Any, ...]]:
    """Return one row for each figure of each group, then those of a comparison.

    `value`, `low` and `high` are the figure and its 95 % interval; empty where there is none.
    """
    rows = [row for group in summary.groups for row in _group_rows(group, summary.unit)]
    if comparison is not None:
        rows += _comparison_rows(comparison, summary.unit)
    return rows


def write_summary(summary: Summary, path: str | Path, comparison: Comparison | None = None) -> None:
    """Write `summary.csv`: the rows of `summary_rows`."""
    write_csv(path, _SUMMARY_COLUMNS, summary_rows(summary, comparison))


def summary_text(summary: Summary, comparison: Comparison | None = None) -> str:
    """Return the summary as text for a terminal: each concentration, all images pooled, and the notes."""
    shown = [group for group in summary.groups if group.level == "concentration"]
    blocks = [_block(f"concentration {group.name}", group.measures) for group in shown]
    blocks.append(_block(f"{summary.pooled.name} ({summary.pooled.images:,})", summary.pooled.measures))
    notes = [*summary.notes, *([comparison.sentence] if comparison else []), "Intervals are 95 %.", RESEARCH_USE]
    return "\n\n".join([*blocks, "\n".join(notes)])


def _columns(names: Sequence[str]) -> tuple[str, ...]:
    probabilities = (f"p_{name}" for name in names)
    place = ("entropy", "area", "centroid_y", "centroid_x")
    return ("image", "cell", "class", *probabilities, *place, *_CORRECTION)


def _image_rows(
    image: str, result: Classified, cells: NDArray[np.int64] | None, micronuclei: NDArray[np.int64] | None
) -> Iterator[dict[str, Any]]:
    centres = (result.centres + 0.5).round(2)  # the centre of a pixel lies half a pixel from its edge
    columns = [
        result.ids.tolist(),
        result.class_names.tolist(),
        *result.probabilities.astype(np.float64).round(4).T.tolist(),
        result.entropy.astype(np.float64).round(4).tolist(),
        result.areas.tolist(),
        *centres.T.tolist(),
        result.correction_kinds.tolist(),
        result.predicted_class_names.tolist(),
        result.predicted_scores.astype(np.float64).round(4).tolist(),
        result.observers.tolist(),
    ]
    names = _columns(result.names)[1:]
    if cells is not None:
        columns.append(cells.tolist())
        names = (*names, "belongs_to")
    if micronuclei is not None:
        columns.append(scored_micronuclei(result, micronuclei).tolist())
        names = (*names, "micronuclei")
    for values in zip(*columns, strict=True):
        yield {"image": image, **dict(zip(names, values, strict=True))}


def _measurements(result: Classified, names: Sequence[str]) -> Iterator[dict[str, float | None]]:
    """Yield the measurements of these names of each cell, to six figures; None where one is not known."""
    columns = {} if result.measurements is None else result.measurements.columns
    nothing = np.full(len(result), np.nan)
    for values in zip(*(columns.get(name, nothing).tolist() for name in names), strict=True) if names else ():
        rounded = (None if math.isnan(value) else float(f"{value:.6g}") for value in values)
        yield dict(zip(names, rounded, strict=True))
    if not names:
        yield from ({} for _ in range(len(result)))


def _group_rows(group: Group, unit: str) -> Iterator[tuple[Any, ...]]:
    where = (group.level, group.name, group.sample.replicate, group.sample.concentration, group.images, unit)
    for measure in group.measures:
        figures = (_round(value) for value in (measure.value, measure.low, measure.high))
        yield (*where, measure.label, measure.count, measure.total, *figures)


def _comparison_rows(comparison: Comparison, unit: str) -> list[tuple[Any, ...]]:
    first, second = comparison.first, comparison.second
    name = f"{second.name} over {first.name}"
    where = ("comparison", name, "", "", first.images + second.images, unit)
    counts = ((first, comparison.first_counts), (second, comparison.second_counts))
    return [
        *((*where, f"{comparison.what} in {group.name}", *count, None, None, None) for group, count in counts),
        (*where, "odds ratio", None, None, _round(comparison.odds_ratio), None, None),
        (*where, "p, Fisher's exact test, two-sided", None, None, comparison.p_value, None, None),
    ]


def _block(title: str, measures: Sequence[Measure]) -> str:
    width = max(len(measure.label) for measure in measures)
    return "\n".join([title, *(f"  {measure.label:<{width}}  {measure.text}" for measure in measures)])


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
