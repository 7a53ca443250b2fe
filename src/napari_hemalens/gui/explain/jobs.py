"""What Run in *Attention* comes down to, away from the window: one method after the other."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.cell_layers import CellsOf
from napari_hemalens.gui.explain.pyramid import HeatmapPyramid
from napari_hemalens.gui.explain.state import in_region, too_large
from napari_hemalens.gui.running import KeepResult
from napari_hemalens.progress import Steps
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.explained import Explained
from napari_hemalens.workflows.heatmap_methods import Method
from napari_hemalens.workflows.images import Region, Slide
from napari_hemalens.workflows.labels import check_labels, is_semantic, relabel_pieces


class ExplainSteps(Protocol):
    """The signature of `workflows.explanation.map_steps`."""

    def __call__(
        self,
        slide: Slide,
        cells: CellMap,
        recipe: ExplanationRecipe,
        *,
        only: Sequence[int] | NDArray[np.int64] | None = None,
    ) -> Steps[Explained]:
        """Find out where a classifier looked at cells that are measured."""


@dataclass(frozen=True, slots=True, eq=False)
class ExplainJob:
    """One image to be explained.

    Attributes
    ----------
    called : callable
        Returns what the image is called now, for messages; asked in the worker, since a person may rename a layer.
    open : callable
        Makes the slide; called in the worker.
    cells : CellsOf, CellMap or None
        Makes the labels, in the worker; or cells that are measured already; None: the image is a field.
    plane : tuple of int
        Of which plane the labels are, for messages.
    recipe : ExplanationRecipe
        How.
    methods : tuple of Method
        In this order.
    view : Region or None
        What is seen of the image; of a large one, only cells in there are explained. None: nothing of it.
    lacking : mapping of str to (M,) int64, or None
        By method the numbers of the cells to explain, where an earlier run has begun with them.
    heatmaps : mapping of str to HeatmapPyramid
        What they are laid down on, where there is some already.
    """

    called: Callable[[], str]
    open: Callable[[], Slide]
    cells: CellsOf | CellMap | None
    plane: tuple[int, ...]
    recipe: ExplanationRecipe
    methods: tuple[Method, ...]
    view: Region | None = None
    lacking: Mapping[str, NDArray[np.int64]] | None = None
    heatmaps: Mapping[str, HeatmapPyramid] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class HeatmapUpdate:
    """News of a run.

    Attributes
    ----------
    words : str
        For a status line.
    fraction : float
        Share of the run that is done, in 0-1.
    cells : CellMap or None
        The cells; told once, before any is explained.
    method : Method or None
        What found something.
    found : Explained or None
        Cells that are new.
    heatmap : HeatmapPyramid or None
        Of all cells before; whoever hears of these lays them down, since nobody may hear of the last ones.
    semantic : bool
        One number stands for many cells, and nobody has said whether they are to be parted: the run ends here.
    """

    words: str
    fraction: float
    cells: CellMap | None = None
    method: Method | None = None
    found: Explained | None = None
    heatmap: HeatmapPyramid | None = None
    semantic: bool = False


def explain_cells(job: ExplainJob, explain: ExplainSteps) -> Generator[HeatmapUpdate, None, None]:
    """Explain the cells of an image by each method, telling of them as they come.

    Raises
    ------
    HemaLensError
        If labels and image do not fit, hold no cell, or the weights are not what they should be.
    """
    yield HeatmapUpdate(f"{job.called()}: opening", 0)
    with job.open() as slide:
        if isinstance(job.cells, CellMap):
            cells = job.cells
        else:
            labels = _labels(job, slide)
            if labels is not None and job.recipe.relabel is None and is_semantic(labels):
                yield HeatmapUpdate(f"{job.called()}: waiting for an answer", 0, semantic=True)
                return
            cells = _measured(labels, slide, parted=bool(job.recipe.relabel))
            yield HeatmapUpdate(f"{job.called()}: loading the weights", 0, cells=cells)
        for number in range(len(job.methods)):
            yield from _by(number, job, explain, (slide, cells))


def _labels(job: ExplainJob, slide: Slide) -> NDArray[Any] | None:
    """Return the labels, checked; None for a field."""
    if job.cells is None or isinstance(job.cells, CellMap):
        return None
    labels = job.cells(slide.shape)
    if job.plane and not labels.any():
        place = ", ".join(str(index) for index in job.plane)
        raise AnnotationError(f"Plane {place} of the labels holds no cell: move the slider to one that does.")
    return check_labels(labels, slide.shape)


def _measured(labels: NDArray[Any] | None, slide: Slide, *, parted: bool) -> CellMap:
    if labels is None:
        return CellMap.whole(slide.shape)
    return CellMap.from_labels(relabel_pieces(labels) if parted else labels)


def _wanted(job: ExplainJob, cells: CellMap, method: Method) -> NDArray[np.int64] | None:
    """Return the numbers of the cells that are to be explained; None: all."""
    if job.lacking is not None:
        return job.lacking.get(method.name, np.zeros(0, dtype=np.int64))
    if job.cells is None or not too_large(cells):
        return None
    return np.zeros(0, dtype=np.int64) if job.view is None else in_region(cells, job.view)


def _by(
    number: int, job: ExplainJob, explain: ExplainSteps, of: tuple[Slide, CellMap]
) -> Generator[HeatmapUpdate, None, None]:
    """Explain cells of a slide by one of the methods of a job."""
    (slide, cells), method = of, job.methods[number]
    wanted = _wanted(job, cells, method)
    if wanted is not None and not len(wanted):
        return
    heatmap = job.heatmaps.get(method.name)
    recipe = job.recipe.model_copy(update={"method": method.name, "relabel": bool(job.recipe.relabel)})
    for progress in KeepResult(explain(slide, cells, recipe, only=wanted)):
        found = progress.partial if progress.partial is not None and len(progress.partial) else None
        if found is not None:
            heatmap = heatmap or HeatmapPyramid.blank(cells.labels.shape)
        share = (number + progress.share) / len(job.methods)
        words = f"{job.called()}, {method.title}: {progress.message}"
        yield HeatmapUpdate(words, share, method=method, found=found, heatmap=heatmap)
