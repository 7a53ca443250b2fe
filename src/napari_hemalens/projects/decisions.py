"""What a person said of cells, one decision after another, with undo and redo. No files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

DecisionKind: TypeAlias = Literal["label", "unsure", "skip", "clear"]
"""A class was given; the person cannot tell; the cell was passed over; what was said is taken back."""

Entry: TypeAlias = "tuple[Decision, ...] | Literal['undo', 'redo']"
"""What happened at once: decisions about one or more cells, or the last of these taken back, or given again."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of one cell.

    Attributes
    ----------
    kind : {'label', 'unsure', 'skip', 'clear'}
        What was decided.
    cell : str
        Id of the cell (`TaughtCells.ids`).
    class_id, class_name : str
        The class that was given, by its id and by its name at the time; '' for none.
    image : str
        Fingerprint of the image.
    box : tuple of four float
        y0, x0, y1, x1 in level-0 pixels: with the image it is enough to cut the cell again.
    test : bool
        Whether the cell is one of the random ones that nothing is trained on.
    where : {'queue', 'gallery'}
        Whether it was the cell's turn, or the person chose it.
    time : str
        In UTC, ISO 8601.
    observer : str
        Who decided; '' where that is not known.
    """

    kind: DecisionKind
    cell: str
    class_id: str = ""
    class_name: str = ""
    image: str = ""
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    test: bool = False
    where: Literal["queue", "gallery"] = "queue"
    time: str = ""
    observer: str = ""


@dataclass(slots=True)
class Decisions:
    """All decisions so far.

    Attributes
    ----------
    done : list of tuple of Decision
        Steps that count, each of one or more cells.
    undone : list of tuple of Decision
        Steps that were taken back, the last one last.
    """

    done: list[tuple[Decision, ...]] = field(default_factory=list)
    undone: list[tuple[Decision, ...]] = field(default_factory=list)
    _said: dict[str, Decision] = field(default_factory=dict)
    _skips: Counter[str] = field(default_factory=Counter)

    @classmethod
    def replay(cls, entries: Iterable[Entry]) -> "Decisions":
        """Return the state after some entries."""
        found = cls()
        for entry in entries:
            found.add(entry)
        return found

    def add(self, entry: Entry) -> tuple[Decision, ...]:
        """Do what an entry says; return the step that was made, taken back or made again, () where there was none."""
        if entry == "undo":
            if not self.done:
                return ()
            self.undone.append(self.done.pop())
            self._begin_again()
            return self.undone[-1]
        if entry == "redo":
            if not self.undone:
                return ()
            step = self.undone.pop()
        else:
            step = entry
            self.undone.clear()
        self.done.append(step)
        self._take(step)
        return step

    @property
    def said(self) -> Mapping[str, Decision]:
        """The last word on each cell, by its id: a label, or 'unsure'."""
        return self._said

    @property
    def labels(self) -> Mapping[str, Decision]:
        """The cells that have a class, by their id, in the order in which they were labelled."""
        return {cell: decision for cell, decision in self._said.items() if decision.kind == "label"}

    @property
    def skips(self) -> Mapping[str, int]:
        """How often cells were passed over, by their id."""
        return self._skips

    def __iter__(self) -> Iterator[Decision]:
        for step in self.done:
            yield from step

    def __len__(self) -> int:
        return len(self.done)

    def _begin_again(self) -> None:
        self._said, self._skips = {}, Counter()
        for step in self.done:
            self._take(step)

    def _take(self, step: Sequence[Decision]) -> None:
        for decision in step:
            if decision.kind == "skip":
                self._skips[decision.cell] += 1
                continue
            # A cell whose label is corrected keeps its place in the order; one that is named anew goes to the end.
            if decision.kind == "clear":
                self._said.pop(decision.cell, None)
            else:
                self._said[decision.cell] = decision
