"""What a press of Run comes down to: images, one after the other, away from the window."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.gui.running import KeepResult
from napari_hemalens.progress import Steps
from napari_hemalens.records.detections import Detections
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.workflows.failures import DAMAGE, OF_ALL, sentence_of
from napari_hemalens.workflows.images import Region, Slide
from napari_hemalens.workflows.regions import join_regions

LOWEST_SCORE = 0.05
"""Runs ask for cells down to this score, so that the slider has something to show without a new run."""

_BETWEEN = 0.2  # seconds from one partial result to the next: more often, the window would only redraw


class DetectSteps(Protocol):
    """The signature of `workflows.detect_steps`."""

    def __call__(self, image: Slide, recipe: DetectionRecipe, *, region: Region | None = None) -> Steps[Detections]:
        """Find the cells of an image."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One image to be analysed.

    Attributes
    ----------
    called : callable
        Returns what the image is called now, for messages; asked in the worker, since a person may rename a layer.
    open : callable
        Makes the slide; called in the worker.
    regions : tuple of Region
        Where to look; empty: everywhere.
    before : ReviewedBoxes or None
        What earlier runs and a person left; None for an image not yet looked at.
    keep_edits : bool
        Whether corrections outlive this run.
    given_up : callable
        Returns whether nobody wants it any more; asked in the worker, again and again.
    """

    called: Callable[[], str]
    open: Callable[[], Slide]
    regions: tuple[Region, ...] = ()
    before: ReviewedBoxes | None = None
    keep_edits: bool = True
    given_up: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """News of a run.

    Attributes
    ----------
    job : int
        Index of the image.
    words : str
        For a status line.
    fraction : float
        Share of the whole run that is done, in 0-1.
    cells : ReviewedBoxes or None
        The cells of the image so far; None where nothing is new.
    failure : str
        Which image could not be analysed and why; empty where all went well.
    """

    job: int
    words: str
    fraction: float
    cells: ReviewedBoxes | None = None
    failure: str = ""


def run(jobs: Sequence[Job], recipe: DetectionRecipe, detect: DetectSteps) -> Generator[Update, None, None]:
    """Analyse images, telling of each as it comes; one that cannot be read does not stop the others.

    Raises
    ------
    HemaLensError
        If weights or options cannot be used: no other image would fare better.
    """
    low = min(LOWEST_SCORE, 1.0 if recipe.score_threshold is None else recipe.score_threshold)
    wide = recipe.model_copy(update={"score_threshold": low})
    for number, job in enumerate(jobs):
        try:
            with closing(_analyse(job, wide, detect)) as updates:
                for update in updates:
                    if job.given_up():
                        break
                    yield replace(update, job=number, fraction=(number + update.fraction) / len(jobs))
        except OF_ALL:
            raise
        except DAMAGE as error:
            name = job.called()
            yield Update(number, "", (number + 1) / len(jobs), failure=f"{name}: {sentence_of(error, name)}")


def _analyse(job: Job, recipe: DetectionRecipe, detect: DetectSteps) -> Generator[Update, None, None]:
    """Analyse one image; fractions are of this image."""
    yield Update(0, f"{job.called()}: opening", 0)
    regions = job.regions or (None,)
    done: list[Detections] = []
    told = -_BETWEEN
    with job.open() as slide:
        for region in regions:
            steps = KeepResult(detect(slide, recipe, region=region))
            for progress in steps:
                cells = None
                if progress.partial is not None and time.monotonic() - told >= _BETWEEN:
                    cells = _reviewed(job, [*done, progress.partial], recipe)
                    told = time.monotonic()
                share = (len(done) + progress.share) / len(regions)
                yield Update(0, f"{job.called()}: {progress.message}", share, cells)
            done.append(steps.result)
    yield Update(0, f"{job.called()}: done", 1, _reviewed(job, done, recipe))


def _reviewed(job: Job, parts: Sequence[Detections], recipe: DetectionRecipe) -> ReviewedBoxes:
    """Return the cells found so far, on top of what was there before."""
    found = join_regions(parts, recipe)
    if job.before is None:
        return ReviewedBoxes.from_run(found)
    return job.before.merge_run(found, job.regions, keep_edits=job.keep_edits)
