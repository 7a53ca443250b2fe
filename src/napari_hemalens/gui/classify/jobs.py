"""What the buttons of *Classify cells* come down to, away from the window."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.gui.cell_layers import CellsOf
from napari_hemalens.gui.classify.layers import HIGHEST
from napari_hemalens.gui.classify.state import NucleusValues
from napari_hemalens.gui.running import KeepResult
from napari_hemalens.progress import Steps, counted
from napari_hemalens.records.classified import Classified
from napari_hemalens.workflows.images import Slide, choose_channel
from napari_hemalens.workflows.labels import Micronuclei, Segmentation, check_labels, is_semantic, relabel_pieces


class ClassifySteps(Protocol):
    """The signature of `workflows.classify_steps`."""

    def __call__(self, image: Slide, labels: NDArray[Any], recipe: ClassificationRecipe) -> Steps[Classified]:
        """Name the cells of a label image."""


class CountMicronuclei(Protocol):
    """The signature of `workflows.count_micronuclei`."""

    def __call__(self, image: Slide, labels: NDArray[Any]) -> Micronuclei:
        """Count the micronuclei of each nucleus of a label image."""


class SegmentSteps(Protocol):
    """The signature of `workflows.segment_steps`."""

    def __call__(self, image: Slide, recipe: SegmentationRecipe) -> Steps[Segmentation]:
        """Outline the cells of an image."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassJob:
    """One label image to be classified.

    Attributes
    ----------
    called : callable
        Returns what the image is called now, for messages; asked in the worker, since a person may rename a layer.
    open : callable
        Makes the slide; called in the worker.
    cells : CellsOf
        Makes the labels; called in the worker.
    recipe : ClassificationRecipe
        How.
    """

    called: Callable[[], str]
    open: Callable[[], Slide]
    cells: CellsOf
    recipe: ClassificationRecipe


@dataclass(frozen=True, slots=True, eq=False)
class ClassUpdate:
    """News of a run.

    Attributes
    ----------
    words : str
        For a status line.
    fraction : float
        Share of the run that is done, in 0-1.
    labels : (H, W) int or None
        The cells that are classified; told once, before any is.
    found : Classified or None
        The cells so far; None where nothing is new.
    micronuclei : NucleusValues or None
        Those seen at each nucleus, once the classes are known.
    bodies : (H, W) int or None
        The number of its nucleus in each micronucleus.
    uncounted : str
        Why they are not counted.
    semantic : bool
        One number stands for many cells, and nobody has said whether they are to be parted: the run ends here.
    notes : tuple of str
        What has to be known of outlines.
    """

    words: str
    fraction: float
    labels: NDArray[Any] | None = None
    found: Classified | None = None
    micronuclei: NucleusValues | None = None
    bodies: NDArray[Any] | None = None
    uncounted: str = ""
    semantic: bool = False
    notes: tuple[str, ...] = ()


def classify_cells(
    job: ClassJob, classify: ClassifySteps, count: CountMicronuclei
) -> Generator[ClassUpdate, None, None]:
    """Classify the cells of an image, telling of them as they come; then count micronuclei, where the task asks.

    Raises
    ------
    HemaLensError
        If labels and image do not fit, hold no cell, or the weights are not what they should be.
    """
    yield ClassUpdate(f"{job.called()}: opening", 0)
    with job.open() as opened:
        slide = choose_channel(opened, job.recipe.channel)
        labels = check_labels(job.cells(slide.shape), slide.shape)
        if job.recipe.relabel is None and is_semantic(labels):
            yield ClassUpdate(f"{job.called()}: waiting for an answer", 0, semantic=True)
            return
        if job.recipe.relabel:
            labels = relabel_pieces(labels)
        if (highest := int(np.max(labels))) > HIGHEST:
            raise AnnotationError(
                f"Cells with numbers up to {highest:,} cannot be shown in colours; up to {HIGHEST:,} can. "
                "Renumber them, as skimage.segmentation.relabel_sequential does."
            )
        labels = labels.astype(np.min_scalar_type(highest), copy=False)  # up to 16 bits napari colours without a copy
        yield ClassUpdate(f"{job.called()}: loading the weights", 0, labels=labels)
        asked = job.recipe.model_copy(update={"relabel": bool(job.recipe.relabel)})
        steps = KeepResult(classify(slide, labels, asked))
        for progress in steps:
            yield ClassUpdate(f"{job.called()}: {progress.message}", progress.share, found=progress.partial)
        yield ClassUpdate(f"{job.called()}: classified", 1, found=steps.result)
        if job.recipe.task == "micronucleus":
            yield ClassUpdate(f"{job.called()}: counting micronuclei", 1)
            yield _counted(job, slide, labels, ids=steps.result.ids, count=count)


def _counted(
    job: ClassJob, slide: Slide, labels: NDArray[Any], *, ids: NDArray[np.int64], count: CountMicronuclei
) -> ClassUpdate:
    try:
        found = count(slide, labels)
    except ImageError as error:  # too large, or no fluorescence: nuclei are then with or without
        return ClassUpdate(f"{job.called()}: done", 1, uncounted=str(error))
    return ClassUpdate(f"{job.called()}: done", 1, micronuclei=NucleusValues(ids, found.counts), bodies=found.labels)


def segment_cells(
    called: Callable[[], str], opened: Callable[[], Slide], recipe: SegmentationRecipe, segment: SegmentSteps
) -> Generator[ClassUpdate, None, None]:
    """Outline the cells of an image."""
    yield ClassUpdate(f"{called()}: opening", 0)
    with opened() as slide:
        steps = KeepResult(segment(slide, recipe))
        for progress in steps:
            yield ClassUpdate(f"{called()}: {progress.message}", progress.share)
    found = steps.result
    said, notes = f"{called()}: {counted(len(found), 'cell')} outlined", found.provenance.notes
    yield ClassUpdate(said, 1, labels=found.labels, notes=notes)
