"""napari's features table, which takes a row for a label, and the other way round.

In napari 0.9 a click on row i of a Labels layer makes i the selected label, and a selected label i shows row i,
whatever the column `index` says. Here is what puts it right. The table is found among those whom a layer tells of its
label, and what is used of it is looked for first: another release has another table, or none. No Qt is imported.
"""

from collections.abc import Callable, Container
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
        if not shown._selection_blocked:  # else a person has just chosen the row there
            _show(shown, layer, number)


def _show(shown: Any, layer: Labels, number: int) -> None:
    row = _row_of(layer, number)
    with shown._block_selection():
        view = shown.table
        if row is None:
            view.clearSelection()
        else:
            place = view.model().mapFromSource(view.model().sourceModel().index(row, 0))
            only = type(view.selectionModel()).SelectionFlag  # of the row: `selectRow` would heed Ctrl and Shift
            view.selectionModel().select(place, only.ClearAndSelect | only.Rows)
            view.scrollTo(place)


def _row_of(layer: Labels, number: int) -> int | None:
    table = layer.features
    if "index" not in table:
        return number if 0 < number < len(table) else None
    rows = np.flatnonzero(table["index"] == number)
    return int(rows[0]) if len(rows) else None


def listen(table: Any, layers: Container[Labels], told: Callable[[int], object]) -> None:
    """Tell of the row that a person chooses in a table, and put right the row that napari does.

    napari is silent about a row that is the selected label already. It may hear of a label after us, as a table does
    that was opened since, and then take the label for a row: of the layers named here, the row of the cell is shown.
    """

    def changed(*_: Any) -> None:
        rows = {
            table.table.model().mapToSource(index).row() for index in table.table.selectionModel().selectedIndexes()
        }
        if table._selection_blocked:  # no person, but napari, or we
            layer = table._selected_layers[0] if len(table._selected_layers) == 1 else None
            if layer is not None and layer in layers and rows != _rows_of(layer):
                _show(table, layer, int(layer.selected_label))
        elif len(rows) == 1:
            told(rows.pop())

    table.table.selectionModel().selectionChanged.connect(changed)


def _rows_of(layer: Labels) -> set[int]:
    row = _row_of(layer, int(layer.selected_label))
    return set() if row is None else {row}
