"""Evaluation of a detector on annotated images, run as a user would run it.

Average precision is given twice: of all hypotheses, a cell under every class that the network offers for it, as papers
give it; and of what is counted, each nucleated cell under one class and from the score threshold on, as a user gets it.
Recipes of detection are chosen by the second.
"""

import csv
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation.detection_metrics import coco_measures, count_measures, sweep
from napari_hemalens.evaluation.left_out import left_out, left_out_in_words
from napari_hemalens.formats import AnnotatedPart
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.inference.merging import one_class_per_cell, with_rivals
from napari_hemalens.inference.naming import hypotheses, rank
from napari_hemalens.inference.scale import pixel_size_steps
from napari_hemalens.models import weights
from napari_hemalens.progress import Progress, Steps, counted, finish
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.synonyms import meaning
from napari_hemalens.records.taxonomy import MARROW_12, TAXONOMIES, Taxonomy, cell_class
from napari_hemalens.records.taxonomy import taxonomy as taxonomy_called
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide
from napari_hemalens.slides.stitch import suppress

FLOOR = 0.05  # score threshold of the cells that average precision is computed over


@dataclass(frozen=True, slots=True)
class DetectionReport:
    """Figures of one set of weights on one part of one data set.

    Attributes
    ----------
    weights, sha256, data, split : str
        What was measured on what.
    images : int
        Annotated images.
    pixel_size_um : float or None
        Given for the images; None: as each says, or estimated.
    score_threshold : float
        Threshold of the counts, of their average precision and of F1.
    overall : mapping of str to float
        AP, AP50, AP75, APS, APM, APL, AR of all hypotheses: means over classes, in 0-1 (COCO; up to 1,000 cells per
        image).
    counted : mapping of str to float
        The same of the cells that are counted, one class a cell: what recipes are chosen by.
    classes : mapping of str to mapping
        For each class: cells, AP and AP50 of all hypotheses, counted AP and counted AP50, F1 (IoU 0.5), and of the
        count per image bias, MAE and correlation.
    left_out : mapping of str to int
        Annotated cells that are not compared: of classes that have none of the taxonomy's.
    taxonomy : str
        By whose classes cells are compared; '': those of the weights.
    """

    weights: str
    sha256: str
    data: str
    split: str
    images: int
    pixel_size_um: float | None
    score_threshold: float
    overall: Mapping[str, float]
    counted: Mapping[str, float]
    classes: Mapping[str, Mapping[str, float]]
    left_out: Mapping[str, int] = field(default_factory=dict)
    taxonomy: str = ""

    def text(self) -> str:
        """Return the figures as a table for a terminal."""
        columns = ("cells", "AP", "AP50", "counted AP", "counted AP50", "F1", "bias", "MAE", "correlation")
        widths = {column: max(9, len(column) + 2) for column in columns}
        wide = max(map(len, (*self.classes, "class")))
        lines = [
            f"{self.weights} on {self.data} ({self.split}, {counted(self.images, 'image')}), "
            f"counts at score >= {self.score_threshold:.3g}"
            + ("" if not self.taxonomy else f", compared by the classes of {self.taxonomy}"),
            "all hypotheses             " + _listed(self.overall),
            "counted, one class a cell  " + _listed(self.counted),
            "",
            f"{'class':<{wide}}" + "".join(f"{c:>{w}}" for c, w in widths.items()),
        ]
        for name, row in self.classes.items():
            cells = "".join(f"{_shown(row.get(c)):>{w}}" for c, w in widths.items())
            lines.append(f"{name:<{wide}}{cells}")
        lines += ["", left_out_in_words(self.left_out, option=True)] if self.left_out else []
        return "\n".join(lines)

    def write(self, out: Path) -> None:
        """Write `report.json` and `classes.csv` to a folder."""
        with writing(out / "report.json") as file:
            file.write_text(json.dumps(_plain(asdict(self)), indent=2) + "\n", encoding="utf-8")
        columns = list(dict.fromkeys(c for row in self.classes.values() for c in row))
        with (
            writing(out / "classes.csv") as file,
            file.open("w", newline="", encoding="utf-8") as lines,
        ):
            table = csv.DictWriter(lines, ["class", *columns], restval="", lineterminator="\n")
            table.writeheader()
            table.writerows({"class": name, **row} for name, row in self.classes.items())


def evaluate_steps(
    data: AnnotatedPart, recipe: DetectionRecipe, *, taxonomy: str | None, out: Path | None
) -> Steps[DetectionReport]:
    """Measure weights; see `workflows.evaluate_detection_steps`."""
    card = weights.detector_card(recipe.weights)
    finder = yield from CellFinder.load_steps(card, recipe, device.choose(recipe.device))
    truth = data.read()
    if not truth:
        raise AnnotationError(f"No annotated image in {data.path}, part {data.split!r}.")
    found = yield from detect_all_steps(truth, finder, recipe)
    by = taxonomy_called(taxonomy) if taxonomy else shared_taxonomy(truth, found[0].recognised)
    true, once = [t.to_taxonomy(by) for t in truth], [c.to_taxonomy(by) for c in count_once(found)]
    threshold = card.threshold(recipe.score_threshold)
    precision = measure_precision([map_to_taxonomy(hypotheses(f), by) for f in found], once, true, threshold=threshold)
    report = DetectionReport(
        weights=card.name,
        sha256=card.sha256,
        data=data.path.name,
        split=data.split,
        images=len(truth),
        pixel_size_um=recipe.pixel_size_um,
        score_threshold=threshold,
        overall=precision.overall,
        counted=precision.counted,
        classes=class_measures(once, true, threshold, precision.classes),
        left_out=left_out(truth, by),
        taxonomy="" if by == own_taxonomy(found[0].recognised) else by.name,
    )
    if out is not None:
        report.write(out)
    return report


def detect_all_steps(
    truth: Sequence[Detections], finder: CellFinder, recipe: DetectionRecipe
) -> Steps[tuple[Detections, ...]]:
    """Find the cells of annotated images, with all their hypotheses; see `all_hypotheses`."""
    found = []
    low = all_hypotheses(recipe, finder)
    for i, annotated in enumerate(truth):
        size = recipe.pixel_size_um or annotated.provenance.pixel_size_um
        with open_image(annotated.provenance.image, pixel_size_um=size) as slide:
            found.append(detect_in(slide, finder, low))
        yield Progress(i + 1, len(truth), "detecting")
    return tuple(found)


def all_hypotheses(recipe: DetectionRecipe, finder: CellFinder) -> DetectionRecipe:
    """Return the recipe that finds cells down to a score of 0.05, under every class that is likely enough.

    Where a classifier names them, each is found once and carries its probabilities (`naming.hypotheses` lists them).
    """
    return recipe.model_copy(update={"score_threshold": FLOOR, "one_class_per_cell": finder.namer is not None})


def detect_in(slide: Slide, finder: CellFinder, recipe: DetectionRecipe) -> Detections:
    """Return the cells of a slide, with the pixel size that was taken: told, the slide's own, or estimated."""
    size, _ = finish(pixel_size_steps(slide, finder.detector, recipe))
    origin = Provenance(image=slide.name, pixel_size_um=size)
    return finish(finder.find_steps(slide, recipe, provenance=origin))


def map_to_taxonomy(found: Detections, taxonomy: Taxonomy) -> Detections:
    """Return cells by another taxonomy's classes, each once a class.

    Where two of our classes are one of theirs, a cell is as likely of theirs as of either of ours.
    """
    mapped, iou = found.to_taxonomy(taxonomy), DetectionRecipe().nms_iou
    kept = suppress(mapped.boxes, mapped.scores, mapped.classes, iou=iou)
    return with_rivals(mapped, kept, mapped.classes, iou)


def count_once(found: Sequence[Detections]) -> list[Detections]:
    """Return the cells as a user would count them: each nucleated one once, as those are that a classifier named."""
    iou = DetectionRecipe().nms_iou
    return [one_class_per_cell(cells, iou) if cells.naming is None else cells for cells in found]


def own_taxonomy(classes: Sequence[str]) -> Taxonomy:
    """Return the taxonomy in which every class stands for itself."""
    return (
        MARROW_12 if set(classes) == set(MARROW_12.classes) else Taxonomy("own", tuple((name, ()) for name in classes))
    )


def shared_taxonomy(truth: Sequence[Detections], recognised: Sequence[str]) -> Taxonomy:
    """Return by which classes cells are compared: those of the weights, or coarser ones that images have more of.

    Images annotated as WBC, RBC and platelets are compared by these three; where no taxonomy has a class that the
    weights recognise for every annotated cell, or more leukocytes have a class of the weights than a coarser one, cells
    are compared by the classes of the weights, and some are left out.
    """
    own = own_taxonomy(recognised)
    numbers = sum((Counter(field.counts()) for field in truth), Counter[str]())
    alike = sum(n for name, n in numbers.items() if own.class_of(name) is not None and cell_class(name).nucleated)
    for by in TAXONOMIES.values():
        all_have_one = {by.class_of(name) for name in numbers} <= {*by.recognised_by(recognised)}
        groups = {name for name in numbers if own.class_of(name) is None and by.class_of(name) in (name, meaning(name))}
        coarser = sum(numbers[name] for name in groups)
        if all_have_one and coarser > alike:
            return by
    return own


class Precision(NamedTuple):
    """Average precision of all hypotheses and of what is counted, over classes and of each; see `DetectionReport`."""

    overall: Mapping[str, float]
    counted: Mapping[str, float]
    classes: Mapping[str, Mapping[str, float]]


def measure_precision(
    found: Sequence[Detections], once: Sequence[Detections], truth: Sequence[Detections], *, threshold: float
) -> Precision:
    """Return the average precision of all hypotheses, and of those that are counted.

    Parameters
    ----------
    found : sequence of Detections
        Cells under every class that the network offers, down to a low score.
    once : sequence of Detections
        The same cells, each nucleated one once (`count_once`).
    truth : sequence of Detections
        Annotated cells, in the same order and by the same classes as both.
    threshold : float
        Score from which a cell of `once` is counted, in 0-1. They are ranked by their score; those that a classifier
        named, by their score times the probability of the class.
    """
    overall, of_all = coco_measures(found, truth)
    counted, of_counted = coco_measures([rank(cells.above(threshold)) for cells in once], truth)
    classes = {
        name: {**row, **{f"counted {measure}": value for measure, value in of_counted[name].items()}}
        for name, row in of_all.items()
    }
    return Precision(overall, counted, classes)


def class_measures(
    found: Sequence[Detections],
    truth: Sequence[Detections],
    threshold: float,
    average_precision: Mapping[str, Mapping[str, float]],
) -> dict[str, dict[str, float]]:
    """Return all figures of each class: average precision, F1, and those of the count."""
    kept = [f.above(threshold) for f in found]
    swept = sweep(found, truth)
    at = int(abs(swept.thresholds - threshold).argmin())
    f1 = dict(zip(truth[0].names, swept.f1[at].tolist(), strict=True))
    return {
        name: {**counts, **average_precision.get(name, {}), "F1": f1[name]}
        for name, counts in count_measures(kept, truth).items()
    }


def fill_pixel_size(fields: Sequence[Detections], pixel_size_um: float | None) -> tuple[Detections, ...]:
    """Return annotated fields with a pixel size for those that have none."""
    return tuple(
        f
        if f.provenance.pixel_size_um or not pixel_size_um
        else replace(f, provenance=replace(f.provenance, pixel_size_um=pixel_size_um))
        for f in fields
    )


def _listed(figures: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in figures.items())


def _shown(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _plain(value: Any) -> Any:
    """Return nested mappings with NaN, which JSON does not know, as None."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
