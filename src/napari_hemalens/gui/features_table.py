"""napari's features table, which takes a row for a label, and the other way round.

In napari 0.9 a click on row i of a Labels layer makes i the selected label, and a selected label i shows row i,
whatever the column `index` says. Here is what puts it right. The table is found among those whom a layer tells of its
label, and what is used of it is looked for first: another release has another table, or none. No Qt is imported.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Labels

_TOLD = "_update_table_selected_cells"  # the method by which a table listens to a layer
_USED = ("table", "_selection_blocked", "_block_selection")


def tables_of(layer: Labels) -> list[Any]:
    """Return the tables that show this layer alone."""
    heard = [entry for entry in layer.events.selected_label.callbacks if isinstance(entry, tuple)]
    tables = [of() for of, method in heard if method == _TOLD]
    known = [table for table in tables if table is not None and all(hasattr(table, name) for name in _USED)]
    return [table for table in known if len(getattr(table, "_selected_layers", ())) == 1]


def number_of(layer: Labels, row: int) -> int:
    """Return the number of the cell in a row of the features of a layer; 0 where there is none."""
    table = layer.features
    if not 0 <= row < len(table):
        return 0
    return int(table["index"].iloc[row]) if "index" in table else row


def chosen_number(layer: Labels) -> int:
    """Return the number of the cell that a person has chosen: the label, or what is in the row taken for it."""
    label = int(layer.selected_label)
    if any(table._selection_blocked for table in tables_of(layer)):  # it is just writing to the layer
        return number_of(layer, label)
    return label


def show_row(layer: Labels, number: int) -> None:
    """Let the tables of a layer show the row of a cell, or none."""
    for shown in tables_of(layer):
        if shown._selection_blocked:
            continue  # a person has just chosen the row there
        row = _row_of(layer, number)
        with shown._block_selection():
            view = shown.table
            if row is None:
                view.clearSelection()
            else:
                place = view.model().mapFromSource(view.model().sourceModel().index(row, 0))
                view.selectRow(place.row())
                view.scrollTo(place)


def _row_of(layer: Labels, number: int) -> int | None:
    table = layer.features
    if "index" not in table:
        return number if 0 < number < len(table) else None
    rows = np.flatnonzero(table["index"] == number)
    return int(rows[0]) if len(rows) else None


def listen(table: Any, told: Callable[[int], object]) -> None:
    """Tell of the row that a person chooses in a table: napari is silent where it is the selected label already."""

    def changed(*_: Any) -> None:
        rows = {
            table.table.model().mapToSource(index).row() for index in table.table.selectionModel().selectedIndexes()
        }
        if not table._selection_blocked and len(rows) == 1:
            told(rows.pop())

    table.table.selectionModel().selectionChanged.connect(changed)
