"""How many cells of known place and class a detector finds and names right, in images whose other cells are unlabelled.

Average precision needs every cell of an image; a table of single cells, as those of bone marrow are published, has one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.evaluation.laboratories import block_interval
from napari_hemalens.evaluation.laboratory_report import UNNAMED, shown
from napari_hemalens.formats import cell_table
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.models import weights
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.tasks import task
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE, cell_class
from napari_hemalens.slides.open import open_image

_TASK = task("nucleated")


@dataclass(frozen=True, slots=True, eq=False)
class KnownCells:
    """Cells whose place and class are known, and what was found there.

    Attributes
    ----------
    cells : CellTable
        N cells with their true names.
    called : (N,) str
        The class under which each was counted; '' where none was found.
    unsure : (N,) bool
        Whether the classifier that names cells was unsure of it.
    """

    cells: CellTable
    called: NDArray[np.str_]
    unsure: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cells)

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return the cells selected by a mask or an index."""
        return replace(self, cells=self.cells.take(keep), called=self.called[keep], unsure=self.unsure[keep])

    @property
    def found(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells that were found, under whatever class."""
        found: NDArray[np.bool_] = self.called != ""
        return found

    @property
    def right(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells that were found and counted under a class that their name allows."""
        classes = {
            name: [_TASK.classes[k] for k in _TASK.admissible(name)]
            for name in np.unique(self.cells.class_names).tolist()
        }
        allowed = zip(self.called.tolist(), self.cells.class_names.tolist(), strict=True)
        return np.array([said in classes[name] for said, name in allowed], dtype=np.bool_)

    def recalls(self) -> dict[str, float]:
        """Return of each class the share of its cells that was found and named right."""
        names, right = self.cells.class_names, self.right
        return {name: float(right[names == name].mean()) for name in np.unique(names).tolist()}

    def share_found(self) -> float:
        """Return the share of all cells that was found."""
        return float(self.found.mean())

    def named_right(self) -> float:
        """Return the mean share over classes of the cells found and named right, but for those nobody can name."""
        recalls = [share for name, share in self.recalls().items() if name != UNCLASSIFIABLE]
        return float(np.mean(recalls)) if recalls else float("nan")

    def share_unsure(self) -> float:
        """Return the share of the cells found that the classifier was unsure of."""
        return float(self.unsure[self.found].mean()) if self.found.any() else float("nan")


_MEASURES: Mapping[str, Callable[[KnownCells], float]] = {
    "found": KnownCells.share_found,
    "named right": KnownCells.named_right,
    "unsure": KnownCells.share_unsure,
}


@dataclass(frozen=True, slots=True, eq=False)
class KnownCellsReport:
    """What a detector makes of cells of known class, by laboratory.

    Attributes
    ----------
    weights, sha256, naming : str
        What was measured; `naming`: the classifier that names cells, 'none' if the detector does.
    data, part : str
        On what.
    cells : KnownCells
        The cells and what they were counted as.
    """

    weights: str
    sha256: str
    naming: str
    data: str
    part: str
    cells: KnownCells

    def figures(self) -> dict[str, dict[str, Any]]:
        """Return of each laboratory its cells, recalls, and measures with their 95 % intervals over blocks."""
        found = {}
        for laboratory in np.unique(self.cells.cells.laboratories).tolist():
            of = self.cells.take(self.cells.cells.laboratories == laboratory)
            found[laboratory] = {"cells": len(of), "recalls": of.recalls()}
            for name, measure in _MEASURES.items():
                value = measure(of)
                if not np.isnan(value):
                    found[laboratory][name] = [value, *block_interval(of, of.cells.blocks, measure)]
        return found

    def text(self) -> str:
        """Return the figures as Markdown."""
        found = self.figures()
        lines = [
            [name or UNNAMED, str(of["cells"]), *(shown(of.get(m)) for m in _MEASURES)] for name, of in found.items()
        ]
        recalls = [
            f"- {name or UNNAMED}: {', '.join(f'{c} {r:.2f}' for c, r in of['recalls'].items())}"
            for name, of in found.items()
        ]
        return "\n\n".join(
            [
                f"{self.weights}, named by {self.naming}, on {self.data} ({self.part}, {len(self.cells):,} cells)",
                markdown_table(["laboratory", "cells", *_MEASURES], lines),
                "Found and named right, by class:\n\n" + "\n".join(recalls),
            ]
        )

    def write(self, out: Path) -> None:
        """Write `report.json` and `report.md` to a folder."""
        plain = {name: getattr(self, name) for name in ("weights", "sha256", "naming", "data", "part")}
        with writing(out / "report.json") as file:
            file.write_text(json.dumps({**plain, "laboratories": self.figures()}, indent=2) + "\n", encoding="utf-8")
        with writing(out / "report.md") as file:
            file.write_text(f"# {self.text()}\n", encoding="utf-8")


def evaluate_steps(
    data: Path, recipe: DetectionRecipe, *, part: str, laboratories: tuple[str, ...] = (), out: Path | None
) -> Steps[KnownCellsReport]:
    """Measure weights; see `workflows.evaluate_known_cells_steps`."""
    cells = cell_table.read_part(data, part, laboratories)
    card = weights.detector_card(recipe.weights)
    finder = yield from CellFinder.load_steps(card, recipe, device.choose(recipe.device))
    looked_for = yield from find_known_steps(cells, finder, recipe)
    naming = "none" if finder.namer is None else finder.namer.card.name
    report = KnownCellsReport(card.name, card.sha256, naming, data.name, part, looked_for)
    if out is not None:
        report.write(out)
    return report


def find_known_steps(cells: CellTable, finder: CellFinder, recipe: DetectionRecipe) -> Steps[KnownCells]:
    """Look for the cells of a table in their images, at the table's pixel sizes; yields after every image."""
    images, of = np.unique(cells.images.astype(str), return_inverse=True)
    called, unsure = np.full(len(cells), "", dtype=object), np.zeros(len(cells), dtype=np.bool_)
    for k, image in enumerate(images):
        rows = np.flatnonzero(of == k)
        size = float(cells.pixel_sizes[rows[0]])
        with open_image(image, pixel_size_um=size) as slide:
            origin = Provenance(image=slide.name, pixel_size_um=size)
            found = yield from finder.find_steps(slide, recipe, provenance=origin)
        at = nearest(found, cells.boxes[rows])
        called[rows] = np.where(at < 0, "", np.append(found.class_names, "")[at])
        unsure[rows] = np.where(at < 0, False, np.append(found.unsure, False)[at])
        yield Progress(k + 1, len(images), "detecting")
    return KnownCells(cells, called.astype(np.str_), unsure)


def nearest(found: Detections, boxes: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the nucleated cell (N,) whose box holds the centre of each known box (N, 4) and lies nearest; -1: none."""
    if not len(found) or not len(boxes):
        return np.full(len(boxes), -1, dtype=np.int64)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    low, high = found.boxes[None, :, :2], found.boxes[None, :, 2:]
    inside = ((low <= centres[:, None]) & (centres[:, None] <= high)).all(axis=2)  # (known, found)
    inside &= np.array([cell_class(name).nucleated for name in found.names])[found.classes]
    away = np.linalg.norm(found.centres[None] - centres[:, None], axis=2)
    at = np.where(inside, away, np.inf).argmin(axis=1)
    return np.where(inside.any(axis=1), at, -1)
