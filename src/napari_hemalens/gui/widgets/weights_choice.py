"""Weights that are here, and behind them those that can be fetched."""

from collections.abc import Sequence
from typing import Any

from psygnal import Signal

from napari_hemalens.gui.widgets.choices import Choice, Offered
from napari_hemalens.workflows.weights import CatalogueEntry


class WeightsChoice(Choice):
    """A choice of weights; choosing some that are not here asks for them, and leaves what is chosen as it was.

    Parameters
    ----------
    choices : sequence or callable
        As in `Choice`; those that are here have texts or None as values.
    """

    wanted = Signal(object)  # CatalogueEntry

    def __init__(self, choices: Offered = (), **options: Any) -> None:
        self._kept: Any = None
        super().__init__(choices, **options)

    def _on_value_change(self, value: Any = None) -> None:
        if not isinstance(value, CatalogueEntry):
            self._kept = value
            super()._on_value_change(value)
            return
        if self._kept in self.choices:
            with self.changed.blocked():
                self.value = self._kept
        self.wanted.emit(value)


def offered_entries(entries: Sequence[CatalogueEntry], task: str) -> list[tuple[str, CatalogueEntry]]:
    """Return the weights for a task that can be fetched, with what a person should know before choosing them."""
    return [(_label_of(entry), entry) for entry in entries if entry.task == task]


def _label_of(entry: CatalogueEntry) -> str:
    notes = [f"to fetch, {entry.megabytes}", *["non-commercial"] * entry.non_commercial]
    return f"{entry.name} ({', '.join(notes)})"
