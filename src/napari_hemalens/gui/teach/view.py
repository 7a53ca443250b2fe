"""What a person sees while teaching, as words and numbers. No Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.gui.classes import display_name
from napari_hemalens.progress import counted
from napari_hemalens.workflows.teaching import NO_CLASS, CurvePoint, TeachingSession


@dataclass(frozen=True, slots=True, eq=False)
class ShownCell:
    """The cell that is to be named.

    Attributes
    ----------
    row : int
        Of the pool.
    picture : (64, 64, 3) uint8
        The cell in its surroundings.
    words : str
        What is known of it: the image, and what the model says or a person has said.
    """

    row: int
    picture: NDArray[np.uint8]
    words: str


def shown_cell(taught: TeachingSession) -> ShownCell | None:
    """Return the cell whose turn it is; None: none is left."""
    row = taught.current
    if row is None:
        return None
    cells = taught.embedded.cells
    image = PurePath(cells.images[int(cells.image_index[row])].name).name
    said = _said_of(taught, row) if taught.class_names else "Add a class first: type its name below."
    return ShownCell(row, taught.embedded.thumbnails[row], f"{image}\n{said}")


def _said_of(taught: TeachingSession, row: int) -> str:
    label = int(taught.pool.labels[row])
    if label >= 0:
        said = f"You said {display_name(taught.class_names[label])}."
        named, certainty = int(taught.predictions.classes[row]), taught.predictions.certainty[row]
        if named in {label, NO_CLASS}:
            return said
        return f"{said} The model says {display_name(taught.class_names[named])} ({certainty:.0%})."
    if taught.pool.unsure[row]:
        return "You were not sure."
    if taught.shows_random_cell:
        return "A random cell: it measures, and nothing is trained on it."
    predictions = taught.predictions
    named = int(predictions.classes[row])
    if named == NO_CLASS:
        return "The model is being fitted." if taught.awaits_model else "The model cannot tell yet."
    return f"Perhaps {display_name(taught.class_names[named])} ({predictions.certainty[row]:.0%})."


def accuracy_in_words(taught: TeachingSession) -> str:
    """Return how many of the random cells the model names rightly."""
    if taught.awaits_model:
        return "A model is being fitted to your labels."
    last = taught.curve.points[-1] if taught.curve.points else CurvePoint(0, 0, 0)
    if not last.tested:
        return "Accuracy is known once two classes and a random cell have labels."
    low, high = last.interval
    cells = counted(last.tested, "random cell")
    return f"Accuracy {last.accuracy:.0%} ({100 * low:.0f} to {100 * high:.0f} %) on {cells}."


def curve_in_words(taught: TeachingSession) -> str:
    """Return whether more labels help; '' before anything is fitted to those of a project that was opened again."""
    return "" if taught.awaits_model else taught.curve.sentence


def counts_in_words(taught: TeachingSession) -> str:
    """Return how many cells have a label."""
    said, unsure = int((taught.pool.labels >= 0).sum()), int(taught.pool.unsure.sum())
    words = f"{said:,} of {counted(len(taught), 'cell')} labelled"
    return f"{words}, {unsure:,} not sure." if unsure else f"{words}."


def second_look_in_words(left: Sequence[int]) -> str:
    """Return what stands on the button of the second look, of which these cells are left."""
    return f"Second look ({len(left):,} left)" if left else "Second look"
