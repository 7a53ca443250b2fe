"""What the buttons of *Teach* come down to, away from the window."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.running import KeepResult
from napari_hemalens.gui.teach.sources import CellSource
from napari_hemalens.progress import Steps, counted
from napari_hemalens.workflows import teaching
from napari_hemalens.workflows.teaching import (
    KnownImages,
    Project,
    ReadableCells,
    Refit,
    Refitted,
    TeachingRecipe,
    TeachingSession,
)

StartSteps: TypeAlias = Callable[[Project, ReadableCells, TeachingRecipe, KnownImages], Steps[TeachingSession]]
"""Lets a network look at cells, and begins to teach them: `teaching.start_steps` or a stand-in."""


@dataclass(frozen=True, slots=True, eq=False)
class TeachUpdate:
    """News of a run.

    Attributes
    ----------
    words : str
        For a status line.
    fraction : float
        Share that is done, in 0-1.
    taught : TeachingSession or None
        What begins, once all cells were looked at.
    """

    words: str
    fraction: float
    taught: TeachingSession | None = None


def begin_teaching(
    project: Project, sources: Sequence[CellSource], recipe: TeachingRecipe, start: StartSteps
) -> Generator[TeachUpdate, None, None]:
    """Read cells, and let the network look at those that it has not seen yet.

    Raises
    ------
    HemaLensError
        If there are no cells, an image cannot be read, or the weights are not what they should be.
    """
    known, parts = teaching.known_images(project), []
    for source in sources:
        yield TeachUpdate(f"{source.name}: reading", 0)
        read = KeepResult(source.read(known))
        for progress in read:
            yield TeachUpdate(f"{source.name}: {progress.message}", progress.share)
        parts.append(read.result)
    cells = teaching.join_cells(parts)
    if not len(cells.cells):
        names = ", ".join(source.name for source in sources)
        raise AnnotationError(f"There are no cells in {names}: nothing can be taught.")
    yield TeachUpdate("loading the weights", 0)
    steps = KeepResult(start(project, cells, recipe, known))
    for progress in steps:
        yield TeachUpdate(progress.message, progress.share)
    yield TeachUpdate(counted(len(cells.cells), "cell"), 1, steps.result)


def run_refit(refit: Refit) -> Generator[Refitted, None, None]:
    """Bring the model up to date with the labels of a moment."""
    yield refit.run()
