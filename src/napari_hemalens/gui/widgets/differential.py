"""The differential as a table with bars: legend, count and chart in one."""

from collections.abc import Sequence

from qtpy.QtCore import QModelIndex, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_hemalens.gui.box_labels import UNSURE_MEANS
from napari_hemalens.gui.classes import display_name, key_of
from napari_hemalens.gui.widgets.accessible import reach_by_tab
from napari_hemalens.gui.widgets.doubts import DOUBTFUL, doubts_label, show_doubts
from napari_hemalens.gui.widgets.rows import sentences
from napari_hemalens.gui.widgets.swatch import SIDE, Swatches, unsure_swatch
from napari_hemalens.records.differential import ClassCount, Differential
from napari_hemalens.records.palette import colour_of
from napari_hemalens.reports.detections import RESEARCH_USE, UNSURE

_COLUMNS = ("Class", "n", "%", "95 % interval")
_CLASS, _COUNT, _PERCENT, _BAR = range(4)
_ROW = 17  # pixels
_DOUBTS = f'<span style="background-color: {DOUBTFUL}; color: black"><b>Doubtful:</b></span> '
_UNSURE = (
    f"Cells {UNSURE_MEANS}, and that nobody has named yet: counted apart, in no class and in no per cent. Review "
    "the least certain shows them first; More options, Unsure cells, counts them under their likeliest class."
)
_DATA = int(Qt.ItemDataRole.UserRole)


class DifferentialView(QWidget):
    """A row a class with its key, colour, count, share and a bar; below it what must be known to read it."""

    def __init__(self) -> None:
        super().__init__()
        self._swatches, self._unsure_icon = Swatches(), unsure_swatch()
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(_COLUMNS)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setMinimumSectionSize(_ROW)
        self.table.verticalHeader().setDefaultSectionSize(_ROW)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        reach_by_tab(self.table)  # after a click, the keys of classes belong to the canvas
        self.table.setShowGrid(False)
        self.table.setAccessibleName("Differential count")
        self.table.setToolTip("Cells of each class, their share of all nucleated cells, and its 95 % interval")
        self.table.setIconSize(QSize(SIDE, SIDE))
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.setSizeAdjustPolicy(QAbstractItemView.SizeAdjustPolicy.AdjustToContents)
        self.table.setItemDelegateForColumn(_BAR, BarDelegate(self.table))
        header = self.table.horizontalHeader()
        for column in (_CLASS, _COUNT, _PERCENT):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_BAR, QHeaderView.ResizeMode.Stretch)
        self.summary, self.warnings, self.use = sentences(), sentences(small=True), sentences(small=True)
        self.use.setText(RESEARCH_USE)
        self.doubts = doubts_label()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self.doubts, self.table, self.summary, self.warnings, self.use):
            layout.addWidget(widget)

    def show_differential(self, count: Differential, notes: Sequence[str]) -> None:
        """Show a differential, with more sentences to be read with it; one that is in doubt is marked."""
        # Classes that nobody looked for are named below, unless a digit gives them.
        everyone = (*count.rows, *count.beside)
        rows = [row for row in everyone if row.count is not None or row.given or key_of(row.name).isdigit()]
        self.table.setRowCount(len(rows) + (count.unsure > 0))
        show_doubts(self.doubts, count.notes)
        longest = max((row.high for row in rows if row.high is not None), default=100)
        for number, row in enumerate(rows):
            self._show_row(number, row, longest, doubtful=bool(count.notes))
        if count.unsure:
            self._show_unsure(len(rows), count.unsure)
        ratio = count.myeloid_erythroid
        said = "no erythroblasts" if ratio is None else f"M:E {ratio:.1f}"
        mark = _DOUBTS if count.notes else ""
        self.summary.setText(
            f"{mark}<b>{count.nucleated:,}</b> of {count.asked} nucleated cells · {said} · {count.extent}"
        )
        self.warnings.setText("\n".join((*notes, *map(display_name, count.warnings))))

    def _show_row(self, number: int, row: ClassCount, longest: float, *, doubtful: bool) -> None:
        count = "-" if row.count is None else f"{row.count:,}"
        share = "" if row.percent is None else f"{row.percent:.1f}"
        _give_icon(self._item(number, _CLASS, display_name(row.name)), self._swatches(row.name, key_of(row.name)))
        for column, text in ((_COUNT, count), (_PERCENT, share)):
            _mark(self._item(number, column, text), doubtful=doubtful)
        by_hand = f"; {row.given:,} by hand" if row.given else ""
        means = row.note
        if row.percent is not None:
            means = f"{row.percent:.1f} %, 95 % interval {row.low:.1f} to {row.high:.1f} %"
        bar = self._item(number, _BAR, f"not recognised{by_hand}" if row.note else "", means)
        drawn = (row.name, row.percent, row.low, row.high, longest)
        if bar.data(_DATA) != drawn:  # Qt takes any other tuple for a new one
            bar.setData(_DATA, drawn)

    def _show_unsure(self, number: int, count: int) -> None:
        for column, text in enumerate(("unsure", f"{count:,}", "", "counted apart")):
            _mark(self._item(number, column, text, _UNSURE), doubtful=False)
        _give_icon(self.table.item(number, _CLASS), self._unsure_icon)
        self.table.item(number, _BAR).setData(_DATA, (UNSURE, None, None, None, 100))

    def _item(self, number: int, column: int, text: str, means: str = "") -> QTableWidgetItem:
        """Return what is at a place of the table, with this text; Qt lays out anew only what has another one."""
        item = self.table.item(number, column)
        if item is None:
            item = QTableWidgetItem()
            if column in (_COUNT, _PERCENT):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(number, column, item)
        item.setText(text)
        item.setToolTip(means)
        return item


def _mark(item: QTableWidgetItem, *, doubtful: bool) -> None:
    item.setData(Qt.ItemDataRole.BackgroundRole, QColor(DOUBTFUL) if doubtful else None)
    item.setData(Qt.ItemDataRole.ForegroundRole, QColor("black") if doubtful else None)


def _give_icon(item: QTableWidgetItem, icon: QIcon) -> None:
    if item.icon().cacheKey() != icon.cacheKey():  # Qt takes any other icon for a new one
        item.setIcon(icon)


class BarDelegate(QStyledItemDelegate):
    """Paints a share as a bar in the colour of its class, and its interval as a whisker."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint one row; a row without a share keeps its text."""
        name, percent, low, high, longest = index.data(_DATA)
        if percent is None:
            super().paint(painter, option, index)
            return
        room = QRectF(option.rect).adjusted(2, 4, -4, -4)
        per_cent = room.width() / longest
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(room.left(), room.top(), percent * per_cent, room.height())
        painter.fillRect(bar, QColor(colour_of(name)))
        painter.setPen(QPen(option.palette.text().color(), 1))
        middle = room.center().y()
        ends = [QPointF(room.left() + share * per_cent, middle) for share in (low, high)]
        painter.drawLine(*ends)
        for end in ends:
            painter.drawLine(end - QPointF(0, 3), end + QPointF(0, 3))
        painter.restore()
