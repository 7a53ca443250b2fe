"""Report on a detector in crowded and perturbed fields, as tables and curves."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from napari_hemalens.atomic import writing
from napari_hemalens.evaluation.left_out import left_out_in_words
from napari_hemalens.evaluation.perturbations import FIELD_PERTURBATIONS
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.records.differential import NOT_RECOGNISED

Line = Mapping[str, str | float | None]
CROWDING = "crowding"
ESTIMATED = "scale estimated"
TAXONOMY = "wang-7"
_KEYS = (("AP50", "AP50"), ("F1", "F1"), ("classes", "error of the count by class"))


@dataclass(frozen=True, slots=True)
class RobustnessReport:
    """Figures by what was perturbed and by how much.

    Attributes
    ----------
    weights, sha256, data, split : str
        What was measured on what.
    fields : int
        Composed for each line.
    seed : int
        Of the fields.
    shape : (int, int)
        Height and width of a field in pixels, at most.
    pixel_size_um : float
        Of the tiles.
    score_threshold : float
        Score threshold of what counts.
    lines : tuple of mapping
        perturbation, level (of an estimated scale: its ratio to the true one), nucleated (cells per field), AP50 and
        F1 (means over classes of `wang-7`), count (error of nucleated cells, a share), classes (sum of errors of all
        classes, a share of the nucleated), points (mean error of the differential, percentage points), M:E and true M:E
        (of all fields together; None without erythroblasts).
    classes : tuple of mapping
        perturbation, level, class, note, and for the class cells, bias and MAE of the count per field, F1 and AP50. A
        class that the weights never saw has a note in place of figures.
    left_out : mapping of str to int
        Annotated cells of the tiles that are not compared: of classes that have none of `wang-7`.
    """

    weights: str
    sha256: str
    data: str
    split: str
    fields: int
    seed: int
    shape: tuple[int, int]
    pixel_size_um: float
    score_threshold: float
    lines: tuple[Line, ...]
    classes: tuple[Line, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """Return the figures as tables in markdown; by class, only the unperturbed and the worst line of each kind."""
        return "\n".join(
            [
                f"{self.weights} on {self.fields} fields per line, put together from tiles of {self.data} "
                f"({self.split}), classes of {TAXONOMY}, counted at score >= {self.score_threshold:.3g}",
                "",
                *_table(
                    (
                        "",
                        "level",
                        "nucleated per field",
                        "AP50",
                        "F1",
                        "count",
                        "by class",
                        "differential",
                        "M:E (true)",
                    ),
                    [_shown(line) for line in self.lines],
                ),
                "",
                "Count: error of the nucleated cells counted. By class: errors of all nucleated classes added up, of "
                "the nucleated cells. Differential: mean error of a class, percentage points.",
                "",
                *_table(
                    ("", "level", "class", "cells", "bias per field", "MAE per field", "F1"),
                    [
                        _class_shown(row)
                        for row in self.classes
                        if (row["perturbation"], row["level"]) in self._telling()
                    ],
                ),
                *(["", left_out_in_words(self.left_out)] if self.left_out else []),
            ]
        )

    def _telling(self) -> set[tuple[str | float | None, str | float | None]]:
        """Return perturbation and level of the lines whose classes are shown: the first, and the worst of each."""
        worst = {
            line["perturbation"]: line["level"]
            for line in sorted(self.lines, key=lambda line: float(line["classes"] or 0))
            if line["perturbation"] not in {CROWDING, ESTIMATED}
        }
        name, first = next(iter(FIELD_PERTURBATIONS.items()))
        return {*worst.items(), (name, first.neutral)}

    def write(self, out: Path) -> None:
        """Write `report.json`, `report.md`, `levels.csv`, `classes.csv` and `curves.png`."""
        with writing(out / "report.json") as file:
            file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        with writing(out / "report.md") as file:
            file.write_text(self.text() + "\n", encoding="utf-8")
        for name, rows in (("levels.csv", self.lines), ("classes.csv", self.classes)):
            write_csv(out / name, tuple(rows[0]), (row.values() for row in rows))
        draw_curves(self, out / "curves.png")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---", *["---:"] * (len(head) - 1)], *rows)]


def _shown(line: Line) -> list[str]:
    ratio, true = (_number(line[key], ".1f") for key in ("M:E", "true M:E"))
    formats = {"nucleated": ".0f", "AP50": ".3f", "F1": ".3f", "count": "+.3f", "classes": ".3f", "points": ".1f"}
    figures = [_number(line[key], form) for key, form in formats.items()]
    return [str(line["perturbation"]), _number(line["level"], ".3g"), *figures, f"{ratio} ({true})"]


def _class_shown(row: Line) -> list[str]:
    head = [str(row["perturbation"]), _number(row["level"], ".3g"), str(row["class"])]
    if row["note"]:
        return [*head, str(row["note"]), "", "", ""]
    formats = {"cells": ".0f", "bias": "+.1f", "MAE": ".1f", "F1": ".3f"}
    return [*head, *(_number(row[key], form) for key, form in formats.items())]


def _number(value: str | float | None, form: str) -> str:
    return "-" if value is None else format(float(value), form)


def class_lines(
    head: Line, measures: Mapping[str, Mapping[str, float]], names: Sequence[str], recognised: Sequence[str]
) -> list[Line]:
    """Return a row for each class of `names`: figures, or a note where it is not recognised."""
    keys = ("cells", "bias", "MAE", "F1", "AP50")
    return [
        {
            **head,
            "class": name,
            "note": "" if name in recognised else NOT_RECOGNISED,
            **dict.fromkeys(keys),
            **(
                {key: _known(measures[name].get(key)) for key in keys}
                if name in recognised and name in measures
                else {}
            ),
        }
        for name in names
    ]


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def draw_curves(report: RobustnessReport, path: Path) -> None:
    """Draw AP50, F1 and the error by class against the level of each perturbation; stars: the estimated scale."""
    names = list(dict.fromkeys(str(line["perturbation"]) for line in report.lines if line["perturbation"] != ESTIMATED))
    figure = Figure(figsize=(13, 5.6), layout="constrained")
    columns = -(-len(names) // 2)
    for place, name in zip(figure.subplots(2, columns, sharey=True, squeeze=False).flat, names, strict=False):
        for number, (key, label) in enumerate(_KEYS):
            x, y = _curve(report, name, key)
            place.plot(x, y, marker="o", markersize=3, label=label, color=f"C{number}")
            if name == "scale":
                place.plot(*_curve(report, ESTIMATED, key), "*", markersize=9, color=f"C{number}")
        place.set(
            xlabel="nucleated cells per field" if name == CROWDING else FIELD_PERTURBATIONS[name].title,
            ylim=(0, 1.05),
            title=name,
        )
        place.grid(alpha=0.3)
    for empty in figure.axes[len(names) :]:
        empty.axis("off")
    figure.axes[0].legend(frameon=False)
    with writing(path) as file:
        figure.savefig(file, dpi=100)


def _curve(report: RobustnessReport, name: str, key: str) -> tuple[list[float], list[float]]:
    lines = [line for line in report.lines if line["perturbation"] == name and line["level"] is not None]
    by = "nucleated" if name == CROWDING else "level"
    return [float(line[by] or 0) for line in lines], [float(line[key] or 0) for line in lines]
