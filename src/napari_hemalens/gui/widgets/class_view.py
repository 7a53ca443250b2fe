"""Classified cells as a legend with counts, and the figures of a laboratory below."""

from collections.abc import Mapping, Sequence
from html import escape

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from napari_hemalens.gui.classes import class_keys, display_name
from napari_hemalens.gui.widgets.accessible import reach_by_tab
from napari_hemalens.gui.widgets.doubts import doubts_label, show_doubts
from napari_hemalens.gui.widgets.rows import sentences
from napari_hemalens.gui.widgets.swatch import SIDE, swatch
from napari_hemalens.reports.detections import RESEARCH_USE

_ROW = 17  # pixels


class ClassView(QWidget):
    """A row a class with its key, colour, count and share; then the figures, and what must be known to read them."""

    def __init__(self) -> None:
        super().__init__()
        self.legend, self.figures = _table("Class", "n", "%"), sentences()
        self.legend.setIconSize(QSize(SIDE, SIDE))
        self.doubts = doubts_label()
        self.notes, self.use = sentences(small=True), sentences(small=True)
        self.use.setText(f"In brackets: 95 % interval. {RESEARCH_USE}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self.doubts, self.legend, self.figures, self.notes, self.use):
            layout.addWidget(widget)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many cells each class has, in the order of the keys."""
        total, keys = sum(counts.values()), class_keys([*counts])
        self.legend.setRowCount(len(counts))
        self._fit()
        for row, (name, count) in enumerate(counts.items()):
            share = f"{100 * count / total:.1f}" if total else ""
            for column, text in enumerate((display_name(name), f"{count:,}", share)):
                self.legend.setItem(row, column, _item(text, right=column > 0))
            self.legend.item(row, 0).setIcon(swatch(name, keys[name]))

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Fit the legend once more: results of a project come before the dock has the window's style."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Make the legend as high as its rows."""
        header = self.legend.horizontalHeader()
        header.ensurePolished()
        height = header.sizeHint().height() + _ROW * self.legend.rowCount()
        self.legend.setFixedHeight(height + 2 * self.legend.frameWidth())

    def show_figures(self, rows: Sequence[tuple[str, str]], notes: Sequence[str], doubts: Sequence[str] = ()) -> None:
        """Show labels with their values, sentences to be read with them, and above all what speaks against them."""
        show_doubts(self.doubts, doubts)
        lines = "".join(_line(label, text) for label, text in rows)
        self.figures.setText(f"<table width='100%' cellpadding=1>{lines}</table>")
        self.figures.setVisible(bool(rows))
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))


def _line(label: str, text: str) -> str:
    """Return a row of figures; an interval and what it is of stand one below the other, to leave room for the label."""
    value = escape(text).replace("; ", ";<br>")
    return f"<tr><td>{escape(label)}</td><td align=right style='white-space: nowrap'>{value}</td></tr>"


def _table(*columns: str) -> QTableWidget:
    """Return a table to be read, as high as its rows."""
    table = QTableWidget(0, len(columns))
    table.setHorizontalHeaderLabels(columns)
    table.verticalHeader().hide()
    table.verticalHeader().setMinimumSectionSize(_ROW)
    table.verticalHeader().setDefaultSectionSize(_ROW)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    reach_by_tab(table)  # after a click, the keys of classes belong to the canvas
    table.setShowGrid(False)
    table.setAccessibleName("Cells of each class")
    table.setToolTip("Cells of each class and their share; the letter or digit is the key that gives the class")
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table


def _item(text: str, *, right: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    if right:
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item
