"""Undo and redo of what a person says of classified cells, in a review, a table or a gallery alike. No Qt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from napari_hemalens.gui.classify.review_queue import ReviewQueue
from napari_hemalens.gui.classify.state import ClassificationState
from napari_hemalens.review.history import History

_LIMIT = 1000  # steps: a review takes one a cell


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """What was said of all results, and by whom, by the numbers of their cells, and which cell a review had come to."""

    corrections: Sequence[tuple[ClassificationState, Mapping[int, str], Mapping[int, str]]]
    queue: ReviewQueue | None
    at: int


class ClassHistory:
    """The words of a person that can be taken back, and said again.

    Only words are kept: what the classifier says is as of the last run.
    """

    def __init__(self) -> None:
        self._history: History[_Said] = History(_LIMIT)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to say again."""
        return self._history.can_redo

    def remember(self, states: Sequence[ClassificationState], queue: ReviewQueue | None) -> None:
        """Keep what has been said so far, before more is said."""
        self._history.remember(_said(states, queue))

    def back(self, states: Sequence[ClassificationState], queue: ReviewQueue | None) -> list[ClassificationState]:
        """Take the last word back; return the results that it was about."""
        return _go_to(self._history.back(_said(states, queue)), states, queue)

    def forth(self, states: Sequence[ClassificationState], queue: ReviewQueue | None) -> list[ClassificationState]:
        """Say it again; return the results that it is about."""
        return _go_to(self._history.forth(_said(states, queue)), states, queue)

    def begin(self) -> None:
        """Forget all of it."""
        self._history.begin()

    def forget(self, states: Sequence[ClassificationState]) -> None:
        """Let go of results that are gone, and of all that was taken back."""
        kept = [[each for each in said.corrections if each[0] not in states] for said in self._history.past]
        self._history.begin(_Said(corrections, None, 0) for corrections in kept if corrections)


def _said(states: Sequence[ClassificationState], queue: ReviewQueue | None) -> _Said:
    reviewed = [(state, state.reviewed) for state in states if state.reviewed is not None]
    said = [(state, each.corrections, each.observers) for state, each in reviewed]
    return _Said(said, queue, 0 if queue is None else queue.at)


def _go_to(said: _Said, states: Sequence[ClassificationState], queue: ReviewQueue | None) -> list[ClassificationState]:
    """Give results the words of another time; one that goes on being reviewed returns to its cell of then."""
    changed = []
    for state, corrections, observers in said.corrections:
        before = state.reviewed
        if state not in states or before is None or before.corrections == corrections:
            continue
        state.reviewed = replace(before, corrections=corrections, observers=observers)
        changed.append(state)
        if queue is not None and queue.reviewed is before:
            queue.go_back(state.reviewed, said.at if queue is said.queue else queue.at)
    return changed
