"""Report on heatmaps: the figures of each method beside those of chance, as tables, and a picture of cells."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.heatmaps.faithfulness import REACH, SHARES
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.records.differential import wilson_interval

_ALIKE = 0.5  # rank correlation from which a map hardly depends on what the network learned


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What is found of one method, or one way to guess, on N cells rightly called.

    Attributes
    ----------
    name : str
        Of the method.
    hits, inside, left : (N,) float64
        Whether the hottest point lies on a micronucleus of the cell; share of the heatmap there; mean probability while
        the hottest places are removed. All in 0-1.
    seconds : float or None
        That 1,000 cells take, classification included; None for a guess.
    correlation : float or None
        Mean rank correlation with the maps of the network whose weights are random.
    random_hits : float or None
        Share of hits of those maps.
    heatmaps : (n, side, side) float32
        Of the cells that are shown.
    """

    name: str
    hits: NDArray[np.float64]
    inside: NDArray[np.float64]
    left: NDArray[np.float64]
    heatmaps: NDArray[np.float32]
    seconds: float | None = None
    correlation: float | None = None
    random_hits: float | None = None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share of hits; parts of a hit, where pixels are equally hot, are rounded."""
        return wilson_interval(round(float(self.hits.sum())), len(self.hits))

    @property
    def changes(self) -> bool:
        """Whether the maps depend on what the network learned."""
        return self.correlation is not None and self.correlation < _ALIKE

    def plain(self) -> dict[str, float | str | None]:
        """Return the figures by name."""
        low, high = self.interval
        return {
            "method": self.name,
            "hits": float(self.hits.mean()),
            "low": low,
            "high": high,
            "heat inside": float(self.inside.mean()),
            "deletion": float(self.left.mean()),
            "correlation": self.correlation,
            "random hits": self.random_hits,
            "seconds per 1,000": self.seconds,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Cells for the picture.

    Attributes
    ----------
    crops : (n, side, side, 3) uint8
        What the network saw.
    marks : (n, side, side) bool
        Their micronuclei.
    titles : tuple of str
        Which they are.
    """

    crops: NDArray[np.uint8]
    marks: NDArray[np.bool_]
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class HeatmapReport:
    """Figures of the heatmaps of one set of weights on one part of one data set.

    Attributes
    ----------
    card : ClassifierCard
        The weights that were measured.
    data, split : str
        On what.
    positive : int
        Cells that have a micronucleus.
    cells : tuple of (str, int)
        Image and number of those among them that are rightly called, which are measured.
    methods, guesses : tuple of Finding
        Heatmaps, and chance levels in the same measures.
    seconds : float
        That 1,000 cells take to be classified, without a heatmap.
    sane : int
        Cells that the network with random weights was asked about.
    shown : Shown
        Some of the cells.
    """

    card: ClassifierCard
    data: str
    split: str
    positive: int
    cells: tuple[tuple[str, int], ...]
    methods: tuple[Finding, ...]
    guesses: tuple[Finding, ...]
    seconds: float
    sane: int
    shown: Shown

    @property
    def best(self) -> Finding | None:
        """The method that hits most cells, or with most of its heatmap inside if equal; it must have learned to."""
        return self._best_on(np.arange(len(self.cells)))

    @property
    def held_out(self) -> tuple[float, int] | None:
        """Hits where the cells of each image are shown by what is best on the other images, and of how many cells.

        A method is chosen on the cells that it is measured on; this says what is left of its hits on other images.
        """
        images = np.array([image for image, _ in self.cells])
        total = 0.0
        for image in np.unique(images):
            best = self._best_on(np.flatnonzero(images != image))
            if best is None:
                return None
            total += float(best.hits[images == image].sum())
        return total, len(images)

    def _best_on(self, rows: NDArray[np.int64]) -> Finding | None:
        """Return the best method on some of the cells; None where there is none, or no cell."""
        able = [method for method in self.methods if method.changes and len(rows)]
        return max(able, key=lambda method: (method.hits[rows].mean(), method.inside[rows].mean()), default=None)

    def text(self) -> str:
        """Return the figures as a table in markdown."""
        images = len({image for image, _ in self.cells})
        lines = [
            f"{self.card.name} on {self.data} ({self.split}): {len(self.cells):,} of {self.positive:,} nuclei with "
            f"micronuclei are rightly called, in {images} image{'s' if images > 1 else ''}",
            "",
            "| | hits (95 %) | heat inside | deletion | random weights: correlation | hits | s per 1,000 |",
            "|---|---:|---:|---:|---:|---:|---:|",
            *(_line(finding) for finding in (*self.methods, *self.guesses)),
            f"| no heatmap | | | | | | {self.seconds:.1f} |",
            "",
            f"Hits: the hottest point lies on a micronucleus of the nucleus, or within {REACH:g} px of the image. Heat "
            f"inside: there. Deletion: mean probability while up to {SHARES[-1]:.0%} of the crop is removed, hottest "
            f"first. Random weights: {self.sane} cells; from a correlation of {_ALIKE:g}, a map tells nothing of what "
            "was learned.",
        ]
        best, held_out = self.best, self.held_out
        said = "None of them changes with the weights." if best is None else f"Points best: {best.name}."
        if held_out is not None:
            said += f" Chosen anew on all images but one, methods hit in {held_out[0]:g} of {held_out[1]} cells of it."
        return "\n".join([*lines, said])

    def write(self, out: Path) -> None:
        """Write `report.json`, `report.md`, `methods.csv`, `cells.csv` (hits, a row a cell) and `cells.png`."""
        figures = [finding.plain() for finding in (*self.methods, *self.guesses)]
        with writing(out / "report.json") as file:
            file.write_text(json.dumps(self._plain(figures), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        with writing(out / "report.md") as file:
            file.write_text(self.text() + "\n", encoding="utf-8")
        with writing(out / "methods.csv") as file, file.open("w", newline="", encoding="utf-8") as lines:
            table = csv.DictWriter(lines, figures[0], lineterminator="\n")
            table.writeheader()
            table.writerows(figures)
        with writing(out / "cells.csv") as file, file.open("w", newline="", encoding="utf-8") as lines:
            rows = csv.writer(lines, lineterminator="\n")
            rows.writerow(["image", "cell", *(method.name for method in self.methods)])
            hits = np.stack([method.hits for method in self.methods], axis=1).round(3)
            rows.writerows([*cell, *hit] for cell, hit in zip(self.cells, hits.tolist(), strict=True))
        draw_cells(self.shown, self.methods, out / "cells.png")

    def _plain(self, figures: list[dict[str, float | str | None]]) -> dict[str, Any]:
        return {
            "weights": self.card.name,
            "sha256": self.card.sha256,
            "data": self.data,
            "split": self.split,
            "positive": self.positive,
            "cells": len(self.cells),
            "reach_px": REACH,
            "shares": SHARES,
            "seconds per 1,000": self.seconds,
            "best": self.best.name if self.best else None,
            "hits of methods chosen on other images": self.held_out,
            "figures": figures,
        }


def draw_cells(shown: Shown, methods: tuple[Finding, ...], path: Path) -> None:
    """Draw one row per cell: its crop with outlined micronuclei, then each method's heatmap and its hottest point."""
    rows, columns = len(shown.crops), 1 + len(methods)
    figure = Figure(figsize=(1.3 * columns, 1.35 * rows + 0.3), layout="constrained")
    places = figure.subplots(rows, columns, squeeze=False)
    for axes in places.flat:
        axes.set(xticks=[], yticks=[])
    for i, (line, crop) in enumerate(zip(places, shown.crops, strict=True)):
        line[0].imshow(crop)
        line[0].set_ylabel(shown.titles[i], fontsize=5)
        for axes, method in zip(line[1:], methods, strict=True):
            heatmap = method.heatmaps[i]
            axes.imshow(heatmap, cmap="inferno", vmin=0, vmax=1)
            y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
            axes.plot(x, y, "x", color="cyan", markersize=5)
        for axes in line:
            axes.contour(shown.marks[i], [0.5], colors="lime", linewidths=0.6)
    for axes, name in zip(places[0], ["crop", *(method.name for method in methods)], strict=True):
        axes.set_title(name, fontsize=6)
    with writing(path) as file:
        figure.savefig(file, dpi=80)


def _line(finding: Finding) -> str:
    low, high = finding.interval
    figures = [f"{finding.hits.mean():.3f} ({low:.3f}-{high:.3f})", f"{finding.inside.mean():.3f}"]
    figures.append(f"{finding.left.mean():.3f}")
    for value, digits in ((finding.correlation, 2), (finding.random_hits, 3), (finding.seconds, 1)):
        figures.append("" if value is None else f"{value:.{digits}f}")
    return f"| {finding.name} | " + " | ".join(figures) + " |"
