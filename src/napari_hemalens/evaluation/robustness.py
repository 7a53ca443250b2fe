"""Robustness of counts in fields that are crowded, dark, blurred, stained otherwise, or of a wrongly given scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation.composed_fields import ComposedField, compose_field, judge_cells
from napari_hemalens.evaluation.detection import (
    all_hypotheses,
    class_measures,
    count_once,
    detect_in,
    fill_pixel_size,
    map_to_taxonomy,
)
from napari_hemalens.evaluation.detection_metrics import coco_measures, sweep
from napari_hemalens.evaluation.left_out import left_out
from napari_hemalens.evaluation.perturbations import FIELD_PERTURBATIONS, Pixels
from napari_hemalens.evaluation.robustness_report import (
    CROWDING,
    ESTIMATED,
    TAXONOMY,
    Line,
    RobustnessReport,
    class_lines,
)
from napari_hemalens.evaluation.selection import FieldSeries
from napari_hemalens.figures.detections import overlay
from napari_hemalens.formats import read_annotations
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.inference.naming import hypotheses
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections, pooled_differential
from napari_hemalens.records.taxonomy import cell_class, taxonomy
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.slide import Slide

_Pixels: TypeAlias = tuple[str, float, int, int]

_WINDOWS = (330, 260, 200, 150)  # pixels a side of a composed window; the first is nearly a whole tile
_MIDDLE = 200  # of the fields that are perturbed
_LONGEST = 1600  # pixels of a picture's longer side


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of the table: fields of one window size, perturbed at one level.

    Attributes
    ----------
    name : str
        `crowding`, `scale estimated`, or the name of a perturbation.
    level : float
        Level of the perturbation; for crowding, the side of a window in pixels.
    side, largest : int
        Side of the windows, and longest side of the nucleated cells in them, in pixels.
    """

    name: str
    level: float
    side: int
    largest: int

    @property
    def unperturbed(self) -> bool:
        """Whether fields and pixel size are left as they are."""
        return self.name == CROWDING or (
            self.name != ESTIMATED and self.level == FIELD_PERTURBATIONS[self.name].neutral
        )

    @property
    def pixels_key(self) -> _Pixels:
        """Equal for conditions under which the network gets the same pixels at the same scale."""
        return (
            ("", 0, self.side, self.largest) if self.unperturbed else (self.name, self.level, self.side, self.largest)
        )

    def apply(self, pixels: Pixels, pixel_size_um: float) -> Slide:
        """Return a field as the network gets it; its pixel size is the one reported, or None."""
        reported: float | None = pixel_size_um
        if self.name == ESTIMATED:
            reported = None
        elif not self.unperturbed:
            perturbation = FIELD_PERTURBATIONS[self.name]
            pixels = perturbation.change(pixels, self.level, pixel_size_um)
            reported = pixel_size_um * self.level if perturbation.changes_scale else pixel_size_um
        return replace(from_array(pixels, axes="YXC"), name="field", pixel_size_um=reported)


def conditions() -> tuple[Condition, ...]:
    """Return the lines of the table.

    Crowding is measured on cells that fit the smallest window, so that the kinds of cells do not change with it; all
    else on cells that fit windows of 200 pixels.
    """
    return (
        *(Condition(CROWDING, side, side, min(_WINDOWS)) for side in _WINDOWS),
        *(
            Condition(name, level, _MIDDLE, _MIDDLE)
            for name, kind in FIELD_PERTURBATIONS.items()
            for level in kind.levels
        ),
        Condition(ESTIMATED, 0, _MIDDLE, _MIDDLE),
    )


def evaluate_steps(
    data: Path, recipe: DetectionRecipe, series: FieldSeries, *, split: str, out: Path | None
) -> Steps[RobustnessReport]:
    """Measure weights on perturbed fields; see `workflows.evaluate_robustness_steps`."""
    card = weights.detector_card(recipe.weights)
    finder = yield from CellFinder.load_steps(card, recipe, device.choose(recipe.device))
    tiles = fill_pixel_size(read_annotations(data, split=split), recipe.pixel_size_um)
    size = tiles[0].provenance.pixel_size_um if tiles else None
    if size is None:
        raise AnnotationError(f"The images of {data} do not say their pixel size; give it in micrometres.")
    measured = _Measured(finder, card, recipe, size)
    plan = conditions()
    results = yield from _detect_steps(measured, partial(compose_field, tiles, series), series.fields, out)
    figures = {key: measured.figures(seen) for key, seen in results.items()}
    heads: list[Line] = [
        {"perturbation": c.name, "level": _mean_scale(results[c.pixels_key]) if c.name == ESTIMATED else c.level}
        for c in plan
    ]
    report = RobustnessReport(
        weights=card.name,
        sha256=card.sha256,
        data=data.resolve().name,
        split=split,
        fields=series.fields,
        seed=series.seed,
        shape=series.shape,
        pixel_size_um=size,
        score_threshold=measured.threshold,
        left_out=left_out(tiles, measured.by),
        lines=tuple({**head, **figures[c.pixels_key][0]} for head, c in zip(heads, plan, strict=True)),
        classes=tuple(
            line
            for head, c in zip(heads, plan, strict=True)
            for line in class_lines(head, figures[c.pixels_key][1], measured.by.classes, measured.recognised)
        ),
    )
    if out is not None:
        report.write(out)
    return report


def _detect_steps(
    measured: "_Measured", compose: Callable[..., ComposedField], fields: int, out: Path | None
) -> Steps[dict[_Pixels, list["_FieldResult"]]]:
    """Detect in all fields of all lines; all that leave the pixels as they are share one pass."""
    pixels_key = {condition.pixels_key: condition for condition in reversed(conditions())}
    results: dict[_Pixels, list[_FieldResult]] = {}
    for number, (key, condition) in enumerate(reversed(pixels_key.items())):
        results[key] = []
        for k in range(fields):
            field = compose(side=condition.side, number=k, largest=condition.largest)
            slide = condition.apply(field.pixels, measured.size)
            results[key].append(measured.detect(slide, field))
            if out is not None and k == 0:
                measured.draw(slide, results[key][0], out / "pictures" / f"{condition.name}_{condition.level:g}.jpg")
            yield Progress(number * fields + k + 1, len(pixels_key) * fields, f"{condition.name} {condition.level:g}")
    return results


@dataclass(frozen=True, slots=True)
class _FieldResult:
    """Detections in a field down to a score of 0.05, its truth, and pixel size used / true pixel size."""

    found: Detections
    truth: Detections
    scale: float | None


def _mean_scale(results: Sequence[_FieldResult]) -> float | None:
    scales = [result.scale for result in results if result.scale is not None]
    return float(np.mean(scales)) if scales else None


class _Measured:
    """Runs one network on perturbed fields and measures its counts."""

    def __init__(self, finder: CellFinder, card: DetectorCard, recipe: DetectionRecipe, size: float) -> None:
        self.finder, self.card, self.size = finder, card, size
        self.threshold = card.threshold(recipe.score_threshold)
        self.recipe = all_hypotheses(recipe, finder)
        self.by = taxonomy(TAXONOMY)
        self.recognised = self.by.recognised_by(card.classes)

    def detect(self, slide: Slide, field: ComposedField) -> _FieldResult:
        """Return the result for one perturbed field."""
        recipe = self.recipe.model_copy(update={"pixel_size_um": slide.pixel_size_um})
        found = detect_in(slide, self.finder, recipe)
        size = found.provenance.pixel_size_um
        return _FieldResult(judge_cells(found, field), field.truth, None if size is None else size / self.size)

    def draw(self, slide: Slide, result: _FieldResult, path: Path) -> None:
        """Draw a perturbed field with the cells counted in it."""
        cells = count_once([result.found])[0].to_taxonomy(self.by).above(self.threshold)
        with writing(path) as file:
            overlay(slide, cells, longest=_LONGEST).save(file, quality=85)

    def figures(self, results: Sequence[_FieldResult]) -> tuple[dict[str, float | None], dict[str, dict[str, float]]]:
        """Return the figures of a line, and those of each class."""
        truth = [result.truth.to_taxonomy(self.by) for result in results]
        every = [map_to_taxonomy(hypotheses(result.found), self.by) for result in results]
        overall, precision = coco_measures(every, truth)
        once = [cells.to_taxonomy(self.by) for cells in count_once([result.found for result in results])]
        kept = [cells.above(self.threshold) for cells in once]
        swept = sweep(once, truth)
        at = int(abs(swept.thresholds - self.threshold).argmin())
        errors = [count_errors(cells, true) for cells, true in zip(kept, truth, strict=True)]
        line: dict[str, float | None] = {
            "nucleated": float(np.mean([e["nucleated"] for e in errors])),
            "AP50": overall["AP50"],
            "F1": float(np.nanmean(swept.f1[at])),
            **{name: float(np.mean([e[name] for e in errors])) for name in ("count", "classes", "points")},
            "M:E": pooled_differential(kept, self.by).myeloid_erythroid,
            "true M:E": pooled_differential(truth, self.by).myeloid_erythroid,
        }
        return line, class_measures(once, truth, self.threshold, precision)


def count_errors(found: Detections, truth: Detections) -> dict[str, float]:
    """Return the count errors of a field: nucleated, count, classes and points, as in `RobustnessReport`.

    Classes that the weights never saw have no error of their own; their cells are in the count.
    """
    nucleated = np.array([cell_class(name).nucleated for name in truth.names])
    seen = np.isin(truth.names, found.recognised)[nucleated]
    counts, true = (np.bincount(c.classes, minlength=len(truth.names))[nucleated] for c in (found, truth))
    there, counted_cells = max(1, int(true.sum())), max(1, int(counts.sum()))
    present = seen & ((counts > 0) | (true > 0))
    points = 100 * np.abs(counts / counted_cells - true / there)[present]
    return {
        "nucleated": float(true.sum()),
        "count": float((counts.sum() - true.sum()) / there),
        "classes": float(np.abs(counts - true)[seen].sum() / there),
        "points": float(points.mean()) if len(points) else 0.0,
    }
