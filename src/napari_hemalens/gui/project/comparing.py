"""The last comparison of a project's groups, for as long as it is of the slides and cells that there are. No Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from napari_hemalens.workflows.project_comparison import ProjectComparison
from napari_hemalens.workflows.project_queue import RunOutcome
from napari_hemalens.workflows.project_slides import SlidesTable

Countable: TypeAlias = tuple[SlidesTable, Sequence[RunOutcome]]
"""The slides of a project, and what its runs found in them."""


@dataclass(slots=True)
class LastComparison:
    """What was compared last.

    Attributes
    ----------
    found : ProjectComparison or None
        The comparison; None without one that holds.
    outdated : bool
        Whether there was one, of other slides or cells than there are now.
    """

    found: ProjectComparison | None = None
    outdated: bool = False
    _of: object = None

    def take(self, found: ProjectComparison | None, counted: Countable) -> None:
        """Take a comparison of slides and cells in place of the one before; None if there is none."""
        self.found, self.outdated = found, False
        self._of = None if found is None else _counted(found, counted)

    def translate(self, found: ProjectComparison) -> None:
        """Take the same comparison in another language."""
        self.found = found

    def check(self, now: Countable) -> None:
        """Drop a comparison of other slides or cells than there are now: nobody is to take it for theirs."""
        if self.found is not None and self._of != _counted(self.found, now):
            self.found, self.outdated = None, True


def _counted(compared: ProjectComparison, countable: Countable) -> object:
    slides, outcomes = countable
    return slides, [each.cells for each in outcomes if each.run.name == compared.source]
