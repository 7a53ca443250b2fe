"""Evaluation of a classifier on labelled cells, run as a user would run it."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DeviceName
from napari_hemalens.evaluation.class_metrics import ClassMeasures, class_measures
from napari_hemalens.evaluation.class_pictures import draw_confusions, draw_roc
from napari_hemalens.evaluation.perturbations import perturb_around_cells
from napari_hemalens.evaluation.selection import CellSelection
from napari_hemalens.inference import device
from napari_hemalens.inference.classifier import NetworkClassifier, classify_steps
from napari_hemalens.inference.labelled_crops import cells_of, labels_of
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Progress, Steps, counted, finish
from napari_hemalens.records.detections import Provenance
from napari_hemalens.slides.open import open_image


@dataclass(frozen=True, slots=True, eq=False)
class ClassReport:
    """Figures of one set of weights on one part of one data set.

    Attributes
    ----------
    row : ClassifierCard
        What was measured.
    data, split : str
        On what, and how it was perturbed.
    images : int
        Images with cells whose class is known.
    probabilities : (N, K) float32
        What the weights say of each cell, by the classes of the row.
    truth : (N,) int64
        Index of its true class.
    """

    card: ClassifierCard
    data: str
    split: str
    images: int
    probabilities: NDArray[np.float32]
    truth: NDArray[np.int64]

    @property
    def measures(self) -> ClassMeasures:
        """All figures, at the threshold of the weights."""
        return class_measures(
            self.probabilities,
            self.truth,
            self.card.classes,
            positive=self.card.positive,
            threshold=self.card.threshold,
        )

    @property
    def title(self) -> str:
        """What was measured on what, in a line."""
        at = (
            ""
            if self.card.positive is None
            else f", {self.card.positive} from a probability of {self.card.threshold:g}"
        )
        cells = f"{counted(len(self.truth), 'cell')} of {counted(self.images, 'image')}"
        return f"{self.card.name} on {self.data} ({self.split}, {cells}{at})"

    def text(self) -> str:
        """Return the figures as a table for a terminal."""
        return f"{self.title}\n{self.measures.text()}"

    def write(self, out: Path) -> None:
        """Write `report.json`, `report.md`, `classes.csv`, `roc.png` and `confusion.png` to a folder."""
        found, names = self.measures, self.card.classes
        with writing(out / "report.json") as file:
            file.write_text(json.dumps(self._plain(found), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        with writing(out / "report.md") as file:
            file.write_text(f"# {self.title}\n\n{found.markdown()}\n", encoding="utf-8")
        with writing(out / "classes.csv") as file, file.open("w", newline="", encoding="utf-8") as lines:
            table = csv.writer(lines, lineterminator="\n")
            table.writerow(["class", *next(iter(found.classes.values()))])
            table.writerows([name, *row.values()] for name, row in found.classes.items())
        about = names if self.card.positive is None else (self.card.positive,)
        curves = {f"{n} ({found.classes[n]['AUC']:.3f})": [self._ranked(n)] for n in about}
        draw_roc(curves, out / "roc.png", title=f"{self.card.name} on {self.data}, {self.split}")
        draw_confusions({self.card.name: found.confusion}, names, out / "confusion.png", title=self.data)

    def _ranked(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        of = self.card.classes.index(name)
        return self.probabilities[:, of], self.truth == of

    def _plain(self, found: ClassMeasures) -> dict[str, Any]:
        return {
            "weights": self.card.name,
            "sha256": self.card.sha256,
            "task": self.card.task,
            "data": self.data,
            "split": self.split,
            "images": self.images,
            "cells": len(self.truth),
            "threshold": self.card.threshold,
            "temperature": self.card.temperature,
            **found.plain(),
        }


def evaluate_steps(
    selection: CellSelection,
    card: ClassifierCard,
    *,
    out: Path | None,
    device_name: DeviceName,
    perturbation: str | None = None,
) -> Steps[ClassReport]:
    """Measure weights; see `workflows.evaluate_classification_steps`."""
    classifier = NetworkClassifier.load(card, device.choose(device_name))
    fields = selection.read()
    truth = labels_of(fields, card.classes)
    parts = []
    for i, field in enumerate(fields):
        with open_image(field.image) as slide:
            cells, asked = cells_of(field)
            shown = slide if perturbation is None else perturb_around_cells(slide, cells, perturbation, seed=i)
            origin = Provenance(image=slide.name, pixel_size_um=slide.pixel_size_um)
            # All cells of the image, as a user would have them: it is their median that scales the crops.
            found = finish(classify_steps(shown, cells, classifier, provenance=origin))
            parts.append(found.probabilities[asked])
        yield Progress(i + 1, len(fields), field.image.name)
    part = selection.part + (f", {perturbation} perturbed" if perturbation else "")
    report = ClassReport(card, selection.data.name, part, len(fields), np.concatenate(parts), truth)
    if out is not None:
        report.write(out)
    return report
