"""What is asked of each image whose cells are explained: cells found or given, and where networks looked at them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import ExplanationRecipe, SegmentationRecipe
from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.heatmaps.files import heatmap_picture, write_heatmap
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Steps
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained
from napari_hemalens.segmentation.files import write_labels
from napari_hemalens.slides.channels import choose_channel
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.batch import BatchInProgress, Parts
from napari_hemalens.workflows.cell_blocks import Networks, OpenedCells
from napari_hemalens.workflows.classification import classifier_card, origin_steps
from napari_hemalens.workflows.explanation import computed_by, explainable_card, map_of, map_steps

LABELS = ".labels.tif"
"""Ending of the label image that is written for an image whose cells have numbers of ours."""


@dataclass(frozen=True, slots=True)
class ExplainedImages:
    """How each image is explained; its cells can be looked at block by block (`cell_blocks.CellsByBlock`).

    Attributes
    ----------
    recipes : sequence of ExplanationRecipe
        One for each method, resolved.
    segmentation : SegmentationRecipe
        How cells are found where no labels are given.
    labels : sequence of Path or None
        In the order of the images.
    batch : BatchInProgress
        The images.
    """

    recipes: Sequence[ExplanationRecipe]
    segmentation: SegmentationRecipe
    labels: Sequence[Path | None]
    batch: BatchInProgress
    tiled: None = None

    @property
    def blocks(self) -> "ExplainedImages | None":
        """What workers share block by block: cells that a classifier names, not fields, nor boxes of a detector."""
        card = explainable_card(self.recipes[0])
        return self if isinstance(card, ClassifierCard) and not card.of_fields else None

    @property
    def asks(self) -> str:
        """The options, as text."""
        return " ".join(recipe.model_dump_json() for recipe in self.recipes)

    @property
    def writes_labels(self) -> bool:
        """Whether the cells have numbers that no file of the user's has."""
        first = self.recipes[0]
        return not explainable_card(first).of_fields and (not any(self.labels) or bool(first.relabel))

    @property
    def endings(self) -> tuple[str, ...]:
        """Of the files that are written for every image."""
        heatmaps = (f".{recipe.method}.{kind}" for recipe in self.recipes for kind in ("tif", "png"))
        return (*heatmaps, *((LABELS,) if self.writes_labels else ()))

    def inputs(self, i: int) -> tuple[Path, ...]:
        """Return the image of this index, and its labels if there are any."""
        labels = self.labels[i]
        return (self.batch.files[i], *(() if labels is None else (labels,)))

    def only(self, i: int) -> "ExplainedImages":
        """Return what is asked of one image."""
        return replace(self, labels=self.labels[i : i + 1], batch=self.batch.only(i))

    def find_steps(self, i: int) -> Steps[Parts]:
        """Explain one image and write what it shows; returns its cells."""
        with self.open(i) as opened:
            slide = self.channel_of(opened)
            cells, results = self.cells_of(i, slide), []
            for recipe in self.recipes:
                result = yield from map_steps(slide, cells, recipe)
                self._write(i, slide, cells, result)
                results.append(result.cells)  # the rest, of every cell a crop and its heatmap, is let go
            return self._parts(i, cells, results[0])

    def open(self, i: int) -> Slide:
        """Open the image of this index."""
        return open_image(self.batch.files[i], frame=self.recipes[0].frame or ())

    def channel_of(self, opened: Slide) -> Slide:
        """Return what is looked at of an image."""
        return choose_channel(opened, self.recipes[0].channel)

    def cells_of(self, i: int, slide: Slide) -> CellMap:
        """Return the cells that are explained: those given, else those found."""
        labels = self.labels[i]
        return map_of(slide, None if labels is None else read_labels(labels), self.recipes[0], self.segmentation)

    def load_steps(self) -> Steps[Networks]:
        """Return the network that is explained, for each method on what can show it."""
        from napari_hemalens.heatmaps import classifier_heatmaps  # noqa: PLC0415 -- loads torch
        from napari_hemalens.inference import device  # noqa: PLC0415

        first, networks = self.recipes[0], []
        for recipe in self.recipes:
            at = device.choose(first.device)
            networks.append((yield from classifier_heatmaps.load_steps(classifier_card(first), recipe, at)))
        return tuple(networks)

    def origin_steps(self, slide: Slide, cells: CellMap, networks: Networks) -> Steps[Provenance]:
        """Return where the result of the first method comes from, which is that of the cells."""
        origin = yield from origin_steps(slide, cells, self.recipes[0])
        return computed_by(networks[0], self.recipes[0], origin)

    def look(self, opened: OpenedCells, rows: NDArray[np.int64]) -> Parts:
        """Explain some cells of an image: their probabilities, and their part of each heatmap."""
        from napari_hemalens.heatmaps.classifier_heatmaps import map_crops, windows_around  # noqa: PLC0415 -- loads torch
        from napari_hemalens.heatmaps.placing import HeatmapPatch, place  # noqa: PLC0415

        windows = windows_around(opened.cells, opened.source.width)
        parts: dict[str, Any] = {}
        for recipe, network in zip(self.recipes, opened.networks, strict=True):
            patch, seen, said = HeatmapPatch(windows[rows], opened.slide.shape), [], []
            for which, found, _ in map_crops(opened.source, rows, network, recipe):
                place(patch, found.heatmaps, windows[which])
                seen.append(which)
                said.append(found.probabilities.cpu().numpy())
            if not parts:  # the cells are called what the first method's network calls them
                parts = {"rows": np.concatenate(seen), "probabilities": np.concatenate(said)}
            parts |= {str(recipe.method): patch.values, f"{recipe.method} corner": patch.corner}
        return parts

    def gather(self, i: int, opened: OpenedCells, found: Iterable[Parts]) -> Parts:
        """Put together what was found in blocks; return and write what `find_steps` does."""
        from napari_hemalens.heatmaps.placing import blank_heatmap, merge_patch  # noqa: PLC0415 -- loads torch
        from napari_hemalens.inference.classifier import record_classes  # noqa: PLC0415

        cells, card = opened.cells, opened.networks[0].card
        probabilities = np.empty((len(cells), len(card.classes)), dtype=np.float32)
        heatmaps = {str(recipe.method): blank_heatmap(opened.slide.shape) for recipe in self.recipes}
        for part in found:
            probabilities[part["rows"]] = part["probabilities"]
            for method, heatmap in heatmaps.items():
                merge_patch(heatmap, part[method], part[f"{method} corner"])
        result = record_classes(cells, probabilities, card, opened.origin)
        for recipe in self.recipes:
            shown = Explained.of_image(heatmaps[str(recipe.method)], result, str(recipe.method), recipe.target)
            self._write(i, opened.slide, cells, shown)
        return self._parts(i, cells, result)

    def _write(self, i: int, slide: Slide, cells: CellMap, result: Explained) -> None:
        write_heatmap(result, self.batch.target(i, f".{result.method}.tif"))
        with (
            self.batch.drawing(i),  # without a picture, the heatmap is there
            writing(self.batch.target(i, f".{result.method}.png")) as path,
        ):
            heatmap_picture(slide, cells.labels, result).save(path)

    def _parts(self, i: int, cells: CellMap, result: Classified) -> Parts:
        if self.writes_labels:
            write_labels(cells.labels, self.batch.target(i, LABELS), pixel_size_um=result.provenance.pixel_size_um)
        return {"cells": result}
