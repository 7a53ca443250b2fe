"""Weights that are here, behind them those that can be fetched, and last a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psygnal import Signal
from qtpy.QtWidgets import QFileDialog

from napari_hemalens.gui.widgets.choices import Choice, Offered
from napari_hemalens.workflows.weights import CatalogueEntry

FILE = "ask for a file"
_ENDINGS = (".json", ".safetensors")
_FILES = f"Weights ({' '.join(f'*{ending}' for ending in _ENDINGS)})"


class WeightsChoice(Choice):
    """A choice of weights, whose last entry asks for a file.

    What is not here is never its value, and nobody hears of it: choosing such an entry asks for the weights, and leaves
    what is chosen as it was.

    Parameters
    ----------
    choices : sequence or callable
        As in `Choice`; those that are here have texts or None as values.
    """

    wanted = Signal(object)  # CatalogueEntry
    file_chosen = Signal(Path)

    def __init__(self, choices: Offered = (), **options: Any) -> None:
        self._kept: Any = None

        def offered(box: Any) -> list[tuple[str, Any]]:
            return [*(choices(box) if callable(choices) else choices), ("Weights file…", FILE)]

        super().__init__(offered, **options)
        self._kept = self.value

    def _on_value_change(self, value: Any = None) -> None:
        if not (isinstance(value, CatalogueEntry) or value == FILE):
            self._kept = value
            super()._on_value_change(value)
            return
        if self._kept in self.choices:
            with self.changed.blocked():
                self.value = self._kept
        if value != FILE:
            self.wanted.emit(value)
        elif file := QFileDialog.getOpenFileName(self.native, "Weights file", "", _FILES)[0]:
            self.file_chosen.emit(Path(file))


def short_name(name: str) -> str:
    """Return what weights are called in a choice: of those in a file, its name without folder and ending."""
    path = Path(name)
    return path.stem if path.suffix in _ENDINGS else name


def offered_entries(entries: Sequence[CatalogueEntry], task: str) -> list[tuple[str, CatalogueEntry]]:
    """Return the weights for a task that can be fetched, with what a person should know before choosing them."""
    return [(_label_of(entry), entry) for entry in entries if entry.task == task]


def _label_of(entry: CatalogueEntry) -> str:
    notes = [f"to fetch, {entry.megabytes}", *["non-commercial"] * entry.non_commercial]
    return f"{entry.name} ({', '.join(notes)})"
