"""The figures of weights on the cells of each laboratory, as text, JSON and pictures."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.evaluation.class_pictures import draw_reliability
from napari_hemalens.evaluation.laboratories import NamedTable, name_table_steps
from napari_hemalens.formats import cell_table
from napari_hemalens.inference import device
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import Steps, counted
from napari_hemalens.records.tasks import task, task_of

MEASURES: Mapping[str, Callable[[NamedTable], float]] = {
    "balanced accuracy": NamedTable.balanced_accuracy,
    "blast AUC": NamedTable.blast_auc,
    "reject AUC": NamedTable.reject_auc,
    "novelty AUC": NamedTable.novelty_auc,
}
"""Measures with an interval."""

UNNAMED = "not stated"
"""What a laboratory is called that a table leaves empty, as those of cells that a person corrected do."""


@dataclass(frozen=True, slots=True, eq=False)
class LaboratoryReport:
    """What weights say of cells whose class is known, by laboratory.

    Attributes
    ----------
    card : ClassifierCard
        What was measured.
    data, part : str
        On what.
    named : NamedTable
        Cells and what was said of them.
    """

    card: ClassifierCard
    data: str
    part: str
    named: NamedTable

    @property
    def laboratories(self) -> tuple[str, ...]:
        """The laboratories, by name."""
        return tuple(np.unique(self.named.cells.laboratories).tolist())

    def figures(self) -> dict[str, dict[str, Any]]:
        """Return of each laboratory its cells, recalls, calibration error, and measures with their intervals."""
        return {laboratory: measures_of(self.named.of(laboratory)) for laboratory in self.laboratories}

    def text(self) -> str:
        """Return the figures as Markdown."""
        return self._text(self.figures())

    def _text(self, found: Mapping[str, Mapping[str, Any]]) -> str:
        columns = ["laboratory", "cells", "trained on", *MEASURES, "ECE"]
        trained = {name: str(of.get("trained on", 0)) for name, of in self.card.laboratories.items()}
        lines = [
            [
                name or UNNAMED,
                str(of["cells"]),
                trained.get(name, "-"),
                *(shown(of.get(m)) for m in MEASURES),
                f"{of['ECE']:.3f}",
            ]
            for name, of in found.items()
        ]
        recalls = [
            f"- {name or UNNAMED}: {', '.join(f'{c} {r:.2f}' for c, r in of['recalls'].items())}"
            for name, of in found.items()
        ]
        return "\n\n".join(
            [
                f"{self.card.name} on {self.data} ({self.part}, {counted(len(self.named), 'cell')}"
                f"{f', in {self.card.views} views' * (self.card.views > 1)})",
                markdown_table(columns, lines),
                "Named right, by class:\n\n" + "\n".join(recalls),
            ]
        )

    def write(self, out: Path) -> None:
        """Write `report.json`, `report.md` and `reliability.png` to a folder."""
        found = self.figures()
        with writing(out / "report.json") as file:
            plain = {"weights": self.card.name, "sha256": self.card.sha256, "data": self.data, "part": self.part}
            file.write_text(
                json.dumps({**plain, "views": self.card.views, "laboratories": found}, indent=2) + "\n",
                encoding="utf-8",
            )
        with writing(out / "report.md") as file:
            file.write_text(f"# {self._text(found)}\n", encoding="utf-8")
        draw_reliability(
            {name or UNNAMED: self.named.of(name).reliability() for name in self.laboratories}, out / "reliability.png"
        )


def evaluate_steps(
    data: Path, recipe: ClassificationRecipe, *, part: str, laboratories: tuple[str, ...] = (), out: Path | None
) -> Steps[LaboratoryReport]:
    """Measure weights; see `workflows.evaluate_laboratories_steps`."""
    cells = cell_table.read_part(data, part, laboratories)
    card = classifier_card(recipe.weights or task(recipe.task).weights).seeing(recipe.views)
    if card.crop.needs_labels:
        raise WeightsError(
            f"The weights {card.name} look at more than a cell's box, such as its outline or its whole image: "
            "`hemalens evaluate classification` measures them. Cells by box are for weights "
            "such as those of the task nucleated."
        )
    classifier = NetworkClassifier.load(card, device.choose(recipe.device))
    named = yield from name_table_steps(classifier, cells, task_of(card.task, card.classes))
    report = LaboratoryReport(card, data.name, part, named)
    if out is not None:
        report.write(out)
    return report


def measures_of(named: NamedTable) -> dict[str, Any]:
    """Return cells, recalls, calibration error, and each measure that is defined as value, low and high end."""
    found: dict[str, Any] = {"cells": len(named), "ECE": named.calibration_error(), "recalls": dict(named.recalls())}
    for name, measure in MEASURES.items():
        value = measure(named)
        if not np.isnan(value):
            found[name] = [value, *named.interval(measure)]
    return found


def shown(measured: list[float] | None, *, bold: bool = False) -> str:
    """Return a value and its interval as text; '-' where it is not defined."""
    if measured is None:
        return "-"
    value, low, high = measured
    return f"{f'**{value:.3f}**' if bold else f'{value:.3f}'} ({low:.3f}-{high:.3f})"
