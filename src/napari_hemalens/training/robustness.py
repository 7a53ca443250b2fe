"""How counts hold when fields are crowded, dark, blurred, stained otherwise, or of another scale than is told."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from napari_hemalens.atomic import writing
from napari_hemalens.cells import Detections, Provenance
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import read_annotations
from napari_hemalens.inference import detector, device
from napari_hemalens.inference.scale import pixel_size_steps
from napari_hemalens.models import weights
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.storage import load_detector
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.recipes import DetectionRecipe
from napari_hemalens.slides.axes import from_array
from napari_hemalens.taxonomy import cell_class, taxonomy
from napari_hemalens.training.composed_fields import SHAPE, composed, renamed
from napari_hemalens.training.disturbances import DISTURBANCES, Pixels
from napari_hemalens.training.evaluation import by_taxonomy, counted, with_pixel_size
from napari_hemalens.training.metrics import coco_measures, sweep

Figures = Mapping[str, float]
CROWDING = "crowding"
ESTIMATED = "scale estimated"
_WINDOWS = (330, 260, 200, 150)  # pixels a side of a composed window; the first is nearly a whole tile
_MIDDLE = 200  # of the fields that are disturbed
_TAXONOMY = "wang-7"


@dataclass(frozen=True, slots=True)
class RobustnessReport:
    """Figures by what was disturbed and by how much.

    Attributes
    ----------
    weights, sha256, data, split : str
        What was measured on what.
    fields : int
        Composed for each line.
    seed : int
        Of the first; the others count on.
    shape : (int, int)
        Height and width of a field in pixels, at most.
    pixel_size_um : float
        Of the tiles.
    min_score : float
        Least score of what counts.
    lines : tuple of mapping
        disturbance, level, nucleated (cells a field), AP50 and F1 (means over classes of `wang-7`), count (error of
        nucleated cells, a share), classes (sum of errors of all classes, a share of the nucleated), points (mean
        error of the differential, percentage points).
    """

    weights: str
    sha256: str
    data: str
    split: str
    fields: int
    seed: int
    shape: tuple[int, int]
    pixel_size_um: float
    min_score: float
    lines: tuple[Mapping[str, str | float], ...]

    def text(self) -> str:
        """Return the figures as a table in markdown."""
        head = ("", "level", "nucleated a field", "AP50", "F1", "count", "by class", "differential, points")
        rows = [
            f"| {line['disturbance']} | {line['level']} | {line['nucleated']:.0f} | {line['AP50']:.3f} | "
            f"{line['F1']:.3f} | {line['count']:+.3f} | {line['classes']:.3f} | {line['points']:.1f} |"
            for line in self.lines
        ]
        return "\n".join(
            [
                f"{self.weights} on {self.fields} fields a line, put together from tiles of {self.data} "
                f"({self.split}), classes of {_TAXONOMY}, counted at score >= {self.min_score:.3g}",
                "",
                f"| {' | '.join(head)} |",
                "|---|" + "---:|" * (len(head) - 1),
                *rows,
                "",
                "Count: error of the nucleated cells counted. By class: errors of all nucleated classes added up, of "
                "the nucleated cells. Differential: mean error of a class.",
            ]
        )

    def write(self, out: Path) -> None:
        """Write `report.json`, `report.md`, `levels.csv` and `curves.png`."""
        with writing(out / "report.json") as file:
            file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        with writing(out / "report.md") as file:
            file.write_text(self.text() + "\n", encoding="utf-8")
        with writing(out / "levels.csv") as file, file.open("w", newline="", encoding="utf-8") as lines:
            table = csv.DictWriter(lines, self.lines[0], lineterminator="\n")
            table.writeheader()
            table.writerows(self.lines)
        draw_curves(self, out / "curves.png")


def evaluate_steps(
    data: Path,
    recipe: DetectionRecipe,
    *,
    split: str,
    fields: int,
    seed: int,
    shape: tuple[int, int] = SHAPE,
    out: Path | None,
) -> Steps[RobustnessReport]:
    """Measure weights on disturbed fields; see `workflows.evaluate_robustness_steps`."""
    row = weights.row(recipe.weights)
    network = load_detector(row, device.choose(recipe.device))
    tiles = with_pixel_size(read_annotations(data, split=split), recipe.pixel_size_um)
    size = tiles[0].provenance.pixel_size_um if tiles else None
    if size is None:
        raise AnnotationError(f"The images of {data} do not say their pixel size; give it in micrometres.")
    tiles = renamed(tiles, tuple(dict.fromkeys(name for tile in tiles for name in tile.names)))
    measured = _Measured(network, row, recipe, size)
    plan: list[tuple[str, float, int]] = [(CROWDING, side, side) for side in _WINDOWS]
    plan += [(name, level, _MIDDLE) for name, of in DISTURBANCES.items() for level in of.levels]
    plan.append((ESTIMATED, 0, _MIDDLE))
    lines: list[dict[str, str | float]] = []
    for number, (name, level, side) in enumerate(plan):
        pairs = []
        for k in range(fields):
            pixels, truth = composed(tiles, side=side, seed=seed + k, shape=shape)
            pairs.append((measured.found(pixels, name, level), truth))
            yield Progress(number * fields + k + 1, len(plan) * fields, f"{name} {level:g}")
        lines.append({"disturbance": name, "level": level, **measured.figures(pairs)})
    report = RobustnessReport(
        weights=row.name,
        sha256=row.sha256,
        data=data.resolve().name,
        split=split,
        fields=fields,
        seed=seed,
        shape=shape,
        pixel_size_um=size,
        min_score=measured.threshold,
        lines=tuple(lines),
    )
    if out is not None:
        report.write(out)
    return report


class _Measured:
    """A network that looks at disturbed fields, and what its counts are worth."""

    def __init__(self, network: CellDetector, row: weights.WeightsRow, recipe: DetectionRecipe, size: float) -> None:
        self.network, self.row, self.size = network, row, size
        self.threshold = detector.least_score(row, recipe)
        self.recipe = recipe.model_copy(update={"min_score": 0.05, "one_class_a_cell": False})
        self.by = taxonomy(_TAXONOMY)

    def found(self, pixels: Pixels, name: str, level: float) -> Detections:
        """Return what is found in a field, down to a score of 0.05."""
        told = None if name == ESTIMATED else self.size
        disturbance = DISTURBANCES.get(name)
        if disturbance is not None and level != disturbance.undisturbed:
            pixels = disturbance.change(pixels, level, self.size)
            told = self.size * level if disturbance.of_scale else self.size
        slide = replace(from_array(pixels, axes="YXC"), name="field", pixel_size_um=told)
        recipe = self.recipe.model_copy(update={"pixel_size_um": told})
        size, _ = finish(pixel_size_steps(slide, self.network, self.row, recipe))
        origin = Provenance(image=slide.name, pixel_size_um=size)
        return finish(detector.detect_steps(slide, self.network, self.row, recipe, provenance=origin))

    def figures(self, pairs: Sequence[tuple[Detections, Detections]]) -> dict[str, float]:
        """Return the figures of fields: found and truth of each."""
        truth = [true.mapped(self.by) for _, true in pairs]
        overall, _ = coco_measures([by_taxonomy(found, self.by) for found, _ in pairs], truth)
        once = [cells.mapped(self.by) for cells in counted([found for found, _ in pairs])]
        swept = sweep(once, truth)
        at = int(abs(swept.thresholds - self.threshold).argmin())
        errors = [count_errors(cells.above(self.threshold), true) for cells, true in zip(once, truth, strict=True)]
        return {
            "nucleated": float(np.mean([e["nucleated"] for e in errors])),
            "AP50": overall["AP50"],
            "F1": float(np.nanmean(swept.f1[at])),
            **{name: float(np.mean([e[name] for e in errors])) for name in ("count", "classes", "points")},
        }


def count_errors(found: Detections, truth: Detections) -> dict[str, float]:
    """Return what is wrong with the count of a field: nucleated, count, classes and points, as a report has them."""
    nucleated = np.array([cell_class(name).nucleated for name in truth.names])
    counts, true = (np.bincount(c.classes, minlength=len(truth.names))[nucleated] for c in (found, truth))
    there, seen = max(1, int(true.sum())), max(1, int(counts.sum()))
    present = (counts > 0) | (true > 0)
    points = 100 * np.abs(counts / seen - true / there)[present]
    return {
        "nucleated": float(true.sum()),
        "count": float((counts.sum() - true.sum()) / there),
        "classes": float(np.abs(counts - true).sum() / there),
        "points": float(points.mean()) if len(points) else 0.0,
    }


def draw_curves(report: RobustnessReport, path: Path) -> None:
    """Draw AP50, F1 and the error by class against the level of each disturbance."""
    names = list(dict.fromkeys(str(line["disturbance"]) for line in report.lines if line["disturbance"] != ESTIMATED))
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    columns = -(-len(names) // 2)
    for place, name in zip(figure.subplots(2, columns, sharey=True).flat, names, strict=False):
        lines = [line for line in report.lines if line["disturbance"] == name]
        x = [float(line["nucleated" if name == CROWDING else "level"]) for line in lines]
        for key, label in (("AP50", "AP50"), ("F1", "F1"), ("classes", "error of the count by class")):
            place.plot(x, [float(line[key]) for line in lines], marker="o", markersize=3, label=label)
        place.set(
            xlabel="nucleated cells a field" if name == CROWDING else DISTURBANCES[name].title, ylim=(0, 1), title=name
        )
        place.grid(alpha=0.3)
    figure.axes[0].legend(frameon=False)
    with writing(path) as file:
        figure.savefig(file, dpi=100)
