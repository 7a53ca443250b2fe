"""The cells of one layer, asked one question: what is known of them, by a run and by a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from napari.layers import Image, Labels, Layer
from numpy.typing import NDArray

from napari_hemalens.gui.cell_layers import place_now
from napari_hemalens.gui.frames import Framed
from napari_hemalens.records.measurements import NC_RATIO, Measurements
from napari_hemalens.records.tasks import Task
from napari_hemalens.reports.design import Sample
from napari_hemalens.review.classes import ReviewedClasses

PAIRS: Literal["pairs"] = "pairs"

CellsBy: TypeAlias = Labels | Literal["pairs"] | None
"""What makes cells of nuclei: labels of the cells, pairs, or nothing: nuclei are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class NucleusValues:
    """A number for each nucleus of a label image.

    Attributes
    ----------
    ids : (N,) int64
        The nuclei, ascending.
    values : (N,) int64 or float64
        Their numbers.
    """

    ids: NDArray[np.int64]
    values: NDArray[Any]

    def values_for(self, ids: NDArray[np.int64]) -> NDArray[Any] | None:
        """Return the numbers of some of the nuclei, or None where one of them is not among these."""
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        if not len(self.ids) or not np.array_equal(self.ids[at], ids):
            return None
        return self.values[at]


@dataclass(eq=False, slots=True)
class ClassificationState:
    """The cells of one layer, asked one question.

    Attributes
    ----------
    image : Image
        Their pixels.
    source : Layer
        The layer that the cells come from.
    plane : tuple of int
        Which plane of it.
    frame : tuple of int
        Which frame of the image.
    parted : bool
        Whether each separate piece is a cell, whatever its number.
    task : Task
        The question.
    threshold : float
        Probability from which a cell is called what the task looks for.
    labels : (H, W) int or None
        The cells; None until a run has read them.
    reviewed : ReviewedClasses or None
        Their classes; None until a run has found some.
    layer : Labels or None
        Where they are shown.
    sample : Sample
        Replicate and concentration, as a person says them.
    cells_by : Labels, 'pairs' or None
        What makes cells of nuclei, as a person chose.
    pairs : Labels or None
        The pairs, shown to be looked through.
    cell_of_nucleus : NucleusValues or None
        The cell of each nucleus, 0 for none; None where nobody asks, or while it is found out.
    nc_ratio : NucleusValues or None
        The ratio of nucleus to cytoplasm of that cell; None where cells have no outlines.
    micronuclei : NucleusValues or None
        Those seen at each nucleus; None where they are not counted.
    uncounted : str
        Why they are not.
    bodies : (H, W) int or None
        The number of its nucleus in each micronucleus; None where they are not counted, or nobody wants to see them.
    marks : Labels or None
        Where they are shown.
    """

    image: Image
    source: Layer
    plane: tuple[int, ...]
    parted: bool
    task: Task
    frame: tuple[int, ...] = ()
    threshold: float = 0.5
    labels: NDArray[Any] | None = None
    reviewed: ReviewedClasses | None = None
    layer: Labels | None = None
    sample: Sample = field(default_factory=Sample)
    cells_by: CellsBy = None
    pairs: Labels | None = None
    cell_of_nucleus: NucleusValues | None = None
    nc_ratio: NucleusValues | None = None
    micronuclei: NucleusValues | None = None
    uncounted: str = ""
    bodies: NDArray[Any] | None = None
    marks: Labels | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """What it shares with the same question asked again."""
        return self.plane, self.frame, self.parted, self.task

    @property
    def place(self) -> Mapping[str, Any]:
        """What puts a layer over its image and its cells as they lie now: a person may move them during a run."""
        return place_now(self.image, self.source)

    @property
    def framed(self) -> Framed:
        """Its layers, and the frame that they are of."""
        layers = [layer for layer in (self.layer, self.pairs, self.marks) if layer is not None]
        return Framed(layers, self.image, self.frame, self.source, self.plane)

    @property
    def shown(self) -> bool:
        """Whether there are classes to be seen and counted."""
        return self.layer is not None and self.reviewed is not None and len(self.reviewed.cells) > 0

    @property
    def cells(self) -> NDArray[np.int64] | None:
        """The cell of each classified nucleus (N,); None where that is not known."""
        return self._at(self.cell_of_nucleus)

    @property
    def seen(self) -> NDArray[np.int64] | None:
        """The micronuclei seen at each classified nucleus (N,); None where they are not counted."""
        return self._at(self.micronuclei)

    @property
    def measurements(self) -> Measurements | None:
        """What the classified cells measure, with their ratio of nucleus to cytoplasm where it is known."""
        found = None if self.reviewed is None else self.reviewed.cells.measurements
        ratio = self._at(self.nc_ratio)
        return found if found is None or ratio is None else found.with_column(NC_RATIO, ratio)

    def lose(self, layer: Layer) -> bool:
        """Let go of a layer that has left the viewer; return whether the cells cannot be followed without it."""
        if layer is self.layer:
            self.layer, self.source.visible = None, True
            return True
        if layer is self.marks:
            self.marks = self.bodies = None
        return layer in (self.source, self.image)

    def forget_corrections(self) -> None:
        """Discard what a person said of the cells."""
        if self.reviewed is not None:
            self.reviewed = ReviewedClasses(self.reviewed.cells)

    def _at(self, numbers: NucleusValues | None) -> NDArray[Any] | None:
        if numbers is None or self.reviewed is None:
            return None
        return numbers.values_for(self.reviewed.cells.ids)
