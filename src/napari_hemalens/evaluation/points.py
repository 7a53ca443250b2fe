"""Evaluation of a detector on nuclei that are marked by points: detection and count, as tables and curves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.evaluation.detection import count_once, detect_all_steps
from napari_hemalens.evaluation.point_measures import Figures, best_score, by_radius, by_score, figures, match
from napari_hemalens.evaluation.selection import PointSelection
from napari_hemalens.formats.points import PointField, holds, read_fields
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.models import weights
from napari_hemalens.progress import Steps
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.slides.open import open_image

_SHARES = (0.25, 0.375, 0.5, 0.75, 1.0)
"""Radii of the curve, in diameters of a nucleus."""


@dataclass(frozen=True, slots=True)
class PointReport:
    """Figures of one set of weights on nuclei that are marked by points.

    Attributes
    ----------
    weights, sha256, data, part : str
        What was measured on what.
    classes : tuple of str
        Of the weights, those that count as a nucleus.
    pixel_size_um : float or None
        Given for the images; None: as each says.
    diameter, radius : float
        Of a nucleus, and within which a box is paired with a point: pixels of the image.
    score_threshold : float
        Score threshold of what counts as found.
    chosen : str
        Where that is from.
    overall : mapping of str to float
        See `point_measures.figures`.
    images : mapping of str to mapping
        The same of each image.
    radii : tuple of mapping
        radius in pixels, precision, recall and F1.
    scores : tuple of (float, float)
        Score threshold and F1 on these images: how much hangs on the choice.
    """

    weights: str
    sha256: str
    data: str
    part: str
    classes: tuple[str, ...]
    pixel_size_um: float | None
    diameter: float
    radius: float
    score_threshold: float
    chosen: str
    overall: Figures
    images: Mapping[str, Figures]
    radii: tuple[Figures, ...]
    scores: tuple[tuple[float, float], ...]

    def text(self) -> str:
        """Return the figures as tables in markdown."""
        return "\n".join(
            [
                f"{self.weights} on {self.data} ({self.part}, {_images(len(self.images))}), nuclei at score >= "
                f"{self.score_threshold:.3g} ({self.chosen})",
                "",
                "| | nuclei | found | at unsure | precision | recall | F1 | count error | relative |",
                "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
                *(_line(name, row) for name, row in self.images.items()),
                _line("all", self.overall),
                "",
                f"Count per image: bias {self.overall['bias']:+.1f}, MAE {self.overall['MAE']:.1f}. Found: the centre "
                f"of a box within {self.radius:g} px of a point, one to one; boxes at unsure points are not counted. "
                f"All: nuclei taken together, count error the mean of absolute ones.",
                "",
                f"| radius (px) | in nuclei of {self.diameter:g} px | precision | recall | F1 |",
                "|---:|---:|---:|---:|---:|",
                *(
                    f"| {row['radius']:g} | {row['radius'] / self.diameter:.3g} | {row['precision']:.3f} | "
                    f"{row['recall']:.3f} | {row['F1']:.3f} |"
                    for row in self.radii
                ),
            ]
        )

    def write(self, out: Path) -> None:
        """Write `report.json`, `report.md`, `images.csv`, `radii.csv` and `curves.png`."""
        with writing(out / "report.json") as file:
            file.write_text(json.dumps(asdict(self), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        with writing(out / "report.md") as file:
            file.write_text(self.text() + "\n", encoding="utf-8")
        images = [{"image": name, **row} for name, row in self.images.items()]
        for name, rows in (("images", images), ("radii", list(self.radii))):
            write_csv(out / f"{name}.csv", tuple(rows[0]), (row.values() for row in rows))
        draw_curves(self, out / "curves.png")


def evaluate_steps(selection: PointSelection, recipe: DetectionRecipe, *, radius: float | None) -> Steps[PointReport]:
    """Measure weights on points; see `workflows.evaluate_points_steps`."""
    data, only, tune = selection.data, selection.only, selection.tune
    if not holds(data):
        raise AnnotationError(f"{data} holds no points: images go into images/, tables of their points into points/.")
    fields, tuned = read_fields(data, only=only), read_fields(data, only=tune) if tune else ()
    _check_scale(fields[0], recipe)
    diameter = float(np.median([field.diameter for field in fields]))
    near = diameter / 2 if radius is None else radius
    card = weights.detector_card(recipe.weights)
    finder = yield from CellFinder.load_steps(card, recipe, device.choose(recipe.device))
    every = yield from detect_all_steps([field.nuclei for field in (*tuned, *fields)], finder, recipe)
    seen = select_nuclei(every)
    before, found = seen[: len(tuned)], seen[len(tuned) :]
    threshold, chosen = card.score_threshold, "chosen with the weights"
    if tuned:
        threshold, chosen = best_score(before, tuned, near), f"best F1 on {', '.join(tune)}, {_images(len(tuned))}"
    elif recipe.score_threshold is not None:
        threshold, chosen = recipe.score_threshold, "given"
    kept = [cells.above(threshold) for cells in found]
    matches = [match(cells, field, near) for cells, field in zip(kept, fields, strict=True)]
    return PointReport(
        weights=card.name,
        sha256=card.sha256,
        data=data.resolve().name,
        part=", ".join(only) or "all",
        classes=tuple(name for name in card.classes if cell_class(name).nucleated),
        pixel_size_um=recipe.pixel_size_um,
        diameter=diameter,
        radius=near,
        score_threshold=threshold,
        chosen=chosen,
        overall=figures(matches),
        images={_stem(f): figures([m]) for f, m in zip(fields, matches, strict=True)},
        radii=by_radius(kept, fields, sorted({near, *(share * diameter for share in _SHARES)})),
        scores=tuple(zip(*(values.tolist() for values in by_score(found, fields, near)), strict=True)),
    )


def select_nuclei(found: Sequence[Detections]) -> list[Detections]:
    """Return the nucleated cells, each once, whatever classes compete for it; red cells and platelets are left out."""
    once = count_once(found)
    return [cells.take(np.array([cell_class(n).nucleated for n in cells.names])[cells.classes]) for cells in once]


def draw_curves(report: PointReport, path: Path) -> None:
    """Draw precision, recall and F1 by the radius, and F1 by the score threshold."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    radii = [row["radius"] for row in report.radii]
    for name in ("precision", "recall", "F1"):
        left.plot(radii, [row[name] for row in report.radii], marker="o", markersize=3, label=name)
    left.axvline(report.radius, color="grey", linewidth=0.8)
    left.set(xlabel="radius of a match (px)", ylim=(0, 1))
    left.legend(frameon=False)
    right.plot(*zip(*report.scores, strict=True), color="C2")
    right.axvline(report.score_threshold, color="grey", linewidth=0.8)
    right.set(xlabel="score threshold", ylabel="F1")
    with writing(path) as file:
        figure.savefig(file, dpi=100)


def _check_scale(field: PointField, recipe: DetectionRecipe) -> None:
    """Refuse tissue of unknown scale: it has no red cells lying alone that a scale could be read off."""
    image = field.nuclei.provenance.image
    with open_image(image) as slide:
        if recipe.pixel_size_um is None and slide.pixel_size_um is None:
            raise RecipeError(f"{image} does not say its pixel size; give it in micrometres (40x: about 0.25).")


def _images(number: int) -> str:
    return f"{number} image{'s' if number > 1 else ''}"


def _stem(field: PointField) -> str:
    return Path(field.nuclei.provenance.image).stem


def _line(name: str, row: Figures) -> str:
    error = f"{row['MAE']:.1f}" if name == "all" else f"{row['bias']:+.0f}"
    counts = " | ".join(str(row[column]) for column in ("nuclei", "found", "unsure"))
    shares = " | ".join(f"{row[column]:.3f}" for column in ("precision", "recall", "F1"))
    return f"| {name} | {counts} | {shares} | {error} | {row['relative']:.3f} |"
