"""What a laboratory reports of the results in a viewer: which of them, of which sample, and two groups compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.axes import guess_in_words
from napari_hemalens.gui.classify.results import ClassResults
from napari_hemalens.gui.classify.state import PAIRS, ClassificationState
from napari_hemalens.gui.image_names import of_image_now
from napari_hemalens.gui.layers import slide_opener
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.measurements import Measurements
from napari_hemalens.records.notes import pooled_notes
from napari_hemalens.reports import assay
from napari_hemalens.reports.assay import Comparison, Summary
from napari_hemalens.reports.design import Sample
from napari_hemalens.review.classes import ReviewedClasses
from napari_hemalens.workflows.annotations import short_names
from napari_hemalens.workflows.images import Slide

_LOOK = (
    "Pairs of nuclei are proposals: look through the layer of pairs, and paint where they are wrong. One number is one "
    "cell; nuclei without a number are not counted."
)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Several results that are counted and saved together, as they are at one moment.

    Attributes
    ----------
    reviewed : tuple of ReviewedClasses
        One an image.
    cells, micronuclei : tuple of (N,) int64 or None
        For each of them the cell of each nucleus, and the micronuclei seen there; None in place of the tuple where
        there are none in any.
    design : mapping of str to Sample, or None
        Replicate and concentration of each, by the name of its image; None where no person said any.
    cells_by : tuple of str or None
        For each of them what made the cells.
    labels : tuple of (H, W) int or None
        For each of them the label image.
    images : tuple of callable
        For each of them what opens its image, in any thread.
    measurements : tuple of Measurements or None
        For each of them what its cells measure.
    """

    reviewed: tuple[ReviewedClasses, ...]
    cells: tuple[NDArray[np.int64] | None, ...] | None
    micronuclei: tuple[NDArray[np.int64] | None, ...] | None
    design: Mapping[str, Sample] | None
    cells_by: tuple[str | None, ...]
    labels: tuple[NDArray[Any] | None, ...] = ()
    images: tuple[Callable[[], Slide], ...] = ()
    measurements: tuple[Measurements | None, ...] = ()

    @classmethod
    def from_states(cls, states: Sequence[ClassificationState]) -> Self:
        """Return what states have found; all have a result."""
        reviewed = tuple(_named_now(state.reviewed, state) for state in states if state.reviewed is not None)
        names = short_names([each.cells for each in reviewed])
        design = {name: state.sample for name, state in zip(names, states, strict=True)}
        return cls(
            reviewed,
            _some([state.cells for state in states]),
            _some([state.seen for state in states]),
            design if any(sample != Sample() for sample in design.values()) else None,
            tuple(_said(state) for state in states),
            tuple(state.labels for state in states),
            tuple(slide_opener(state.image, state.frame) for state in states),
            tuple(state.measurements for state in states),
        )

    @property
    def results(self) -> tuple[Classified, ...]:
        """The cells of each image with the last word on each, and what they measure."""
        pairs = zip(self.reviewed, self.measurements, strict=True)
        return tuple(replace(each.current, measurements=measured) for each, measured in pairs)

    def summary(self) -> Summary:
        """Count.

        Raises
        ------
        AnnotationError
            If cells are known for some of the images only.
        """
        return assay.summary(self.results, cells=self.cells, design=self.design, micronuclei=self.micronuclei)


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to be read.

    Attributes
    ----------
    rows : tuple of (str, str)
        Figures of what is counted, each with its label.
    notes : tuple of str
        Sentences to be shown with the figures, or why there are none.
    doubts : tuple of str
        What speaks against all of it.
    groups : tuple of str
        What can be compared: concentrations, else replicates, else images; none where there are not two.
    compared : (str, str) or None
        The two that are, the control first; None where nobody asks, or one of them is no more.
    sentence : str
        The comparison in words, or why there is none; nothing where nobody asks.
    """

    rows: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    doubts: tuple[str, ...]
    groups: tuple[str, ...]
    compared: tuple[str, str] | None
    sentence: str


class Report:
    """What is counted and compared, and what a person says of the sample.

    Parameters
    ----------
    results : ClassResults
        What there is to report.

    Attributes
    ----------
    results : ClassResults
        What there is to report.
    compared : (str, str) or None
        Names of two groups as a person chose them, the control first.
    """

    changed = Signal()

    def __init__(self, results: ClassResults) -> None:
        self.results = results
        self.compared: tuple[str, str] | None = None
        results.changed.connect(self.changed.emit)

    def describe(self, replicate: str, concentration: str) -> None:
        """Say what the image of the current result was taken of."""
        state = self.results.current
        if state is not None:
            state.sample = Sample(replicate.strip(), concentration.strip())
            self.results.mark(state)

    def compare(self, first: str | None, second: str | None) -> None:
        """Choose two groups, the control first; None for either: compare nothing."""
        self.compared = (first, second) if first and second and first != second else None
        self.changed.emit()

    def read(self) -> Page:
        """Count, and compare."""
        counted, states_of_task = self.results.counted_states, self.results.states_of_task
        summary = _summary(counted)
        everything = summary if counted == states_of_task else _summary(states_of_task)
        groups = _groups(everything)
        asked = self.compared if self.compared and {*self.compared} <= {*groups} else None
        found = compared(everything, asked)
        return Page(
            rows=summary.rows if isinstance(summary, Summary) else (),
            notes=_notes(summary, counted),
            doubts=_doubts(counted),
            groups=groups,
            compared=asked,
            sentence=found.sentence if isinstance(found, Comparison) else found or "",
        )


def compared(summary: Summary | str | None, groups: tuple[str, str] | None) -> Comparison | str | None:
    """Return two groups compared; a sentence where that cannot be done; None where nobody asks."""
    if groups is None or summary is None or isinstance(summary, str):
        return None
    try:
        return summary.compare(*groups)
    except HemaLensError as error:
        return str(error)


def _notes(summary: Summary | str | None, counted: Sequence[ClassificationState]) -> tuple[str, ...]:
    if summary is None:
        return ()
    said = (summary,) if isinstance(summary, str) else summary.notes
    reasons = dict.fromkeys(state.uncounted for state in counted if state.uncounted)
    guessed = {state.image.name: guess_in_words(state.image) for state in counted}
    said = (*said, *(f"{name}: {words}" for name, words in guessed.items() if words))
    return (*said, *reasons, *((_LOOK,) if any(state.cells_by == PAIRS for state in counted) else ()))


def _doubts(counted: Sequence[ClassificationState]) -> tuple[str, ...]:
    origins = [state.reviewed.cells.provenance for state in counted if state.reviewed is not None]
    return pooled_notes([(origin.title, origin.notes) for origin in origins])


def _groups(summary: Summary | str | None) -> tuple[str, ...]:
    if not isinstance(summary, Summary) or summary.pooled.primary is None:
        return ()
    of_levels = (
        tuple(group.name for group in summary.groups if group.level == level)
        for level in ("concentration", "replicate", "image")
    )
    return next((names for names in of_levels if len(names) > 1), ())


def _summary(states: Sequence[ClassificationState]) -> Summary | str | None:
    try:
        return Scored.from_states(states).summary() if states else None
    except HemaLensError as error:
        return str(error)


def _some(arrays: Sequence[NDArray[np.int64] | None]) -> tuple[NDArray[np.int64] | None, ...] | None:
    return tuple(arrays) if any(array is not None for array in arrays) else None


def _named_now(reviewed: ReviewedClasses, state: ClassificationState) -> ReviewedClasses:
    origin = of_image_now(reviewed.cells.provenance, state.image)
    return replace(reviewed, cells=replace(reviewed.cells, provenance=origin))


def _said(state: ClassificationState) -> str | None:
    """Return what made the cells of a state, for the record of a run."""
    if state.cells is None:
        return None
    return state.cells_by if isinstance(state.cells_by, str) else getattr(state.cells_by, "name", None)
