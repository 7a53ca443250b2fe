"""A gallery by class: cells pre-sorted, least certain first; several at once get another class by a key or a drag."""

from collections.abc import Mapping

from magicgui.widgets import FloatRangeSlider, Label
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from napari_hemalens.gui.widgets.accessible import order_tabs, reach_by_tab
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.gallery_classes import ALL, ClassList
from napari_hemalens.gui.widgets.gallery_grid import CellsGrid, Thumbnail
from napari_hemalens.gui.widgets.rows import Rows, button, sentences
from napari_hemalens.progress import counted
from napari_hemalens.review.gallery import Gallery, GalleryCells, GalleryFilter, Whose

_WHOSE: tuple[tuple[str, Whose], ...] = (("all cells", "all"), ("by the network", "predicted"), ("by you", "given"))
_UNSURE: tuple[str, Whose] = ("unsure", "unsure")
_HINT = "A key or a drag gives a class · double click or Enter goes to the cell · Ctrl+A selects all · Ctrl+Z undoes"
_ACCEPTS = "Space accepts"
_MARGIN = 6  # pixels, on the right: the edge of the window cuts buttons off


class GalleryView(QWidget):
    """Classes on the left, the cells of the chosen one on the right.

    Parameters
    ----------
    thumbnail : callable
        Gives the picture of a cell, an index into the cells that are shown.
    accepts : bool
        Whether classes can be confirmed as they are.
    """

    named = Signal(object, str)  # cells, their new class
    accepted = Signal(object)  # cells whose class stands
    undone = Signal()
    redone = Signal()
    opened = Signal(int)  # a cell

    def __init__(self, thumbnail: Thumbnail, *, accepts: bool = False) -> None:
        super().__init__()
        self.grid, self.classes = CellsGrid(thumbnail), ClassList()
        self._unsure_known = False
        self.whose = Choice(lambda _: [*_WHOSE, *([_UNSURE] if self._unsure_known else [])], label="Show")
        self.sizes = FloatRangeSlider(label="Size", min=0, max=1, step=0.1, value=(0, 1))
        slider = self.sizes.native  # the numbers beside it, and none above: they would be cut off
        slider.setHandleLabelPosition(slider.LabelPosition.NoLabel)
        slider.setEdgeLabelMode(slider.EdgeLabelMode.LabelIsValue)
        self.whose.tooltip = "Cells that the network named, that you named, or all"
        self.sizes.tooltip = "Size of the cells that are shown"
        self.grid.setAccessibleName("Cells")
        self.grid.setToolTip("Select cells; the key of a class names them")
        self.said, hint = sentences(), sentences(small=True)
        hint.setText(f"{_HINT} · {_ACCEPTS}" if accepts else _HINT)
        self._words = ""
        self._keys: Mapping[str, str] = {}
        self._colours: Mapping[str, str] = {}
        self._lay_out(hint)
        order_tabs(self)
        self._connect(accepts=accepts)

    def _lay_out(self, hint: QWidget) -> None:
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.classes)
        split.addWidget(self.grid)
        split.setStretchFactor(1, 1)
        split.setSizes([150, 500])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, _MARGIN, 0)
        layout.setSpacing(3)
        self.size_label = Label(value=self.sizes.label)
        self.filters = Rows()  # in one row: the gallery is wide and low
        self.undo, self.redo = button("Undo", "Ctrl+Z"), button("Redo", "Ctrl+Y")
        for each in (self.undo, self.redo):
            reach_by_tab(each)  # after a click, keys name cells
        shown = (self.whose, self.size_label, self.sizes)
        self.filters.add(self.whose.label, *shown, self.undo, self.redo)
        layout.addWidget(self.filters.native)
        layout.addWidget(split, 1)
        below = QHBoxLayout()  # one line: the room is for cells
        below.addWidget(self.said, 1)
        below.addWidget(hint, 2)
        layout.addLayout(below)

    def _connect(self, *, accepts: bool) -> None:
        self.classes.chosen.connect(self._filter)
        self.classes.dropped.connect(self.named)
        self.whose.changed.connect(self._filter)
        self.sizes.changed.connect(self._filter)
        self.grid.key_pressed.connect(self._on_key)
        self.grid.opened.connect(self.opened)
        self.grid.undone.connect(self.undone)
        self.grid.redone.connect(self.redone)
        self.undo.clicked.connect(self.undone.emit)
        self.redo.clicked.connect(self.redone.emit)
        if accepts:
            self.grid.accepted.connect(self._on_accept)
        self.grid.selectionModel().selectionChanged.connect(self._say)

    @property
    def gallery(self) -> Gallery:
        """What is shown and selected."""
        return self.grid.gallery

    def show_classes(self, keys: Mapping[str, str], colours: Mapping[str, str]) -> None:
        """Take the keys and colours of classes, by their names."""
        self._keys, self._colours = keys, colours
        self.grid.delegate.colours = colours

    def show_cells(self, cells: GalleryCells) -> None:
        """Show other cells."""
        self._offer_unsure(cells)
        self._fit_sizes(cells)
        self.grid.show_gallery(Gallery(cells, self._chosen_filter()))
        self._count()

    def show_undo(self, *, can_undo: bool, can_redo: bool) -> None:
        """Say whether there is something to take back, and to make again."""
        self.undo.setEnabled(can_undo)
        self.redo.setEnabled(can_redo)

    def show_words(self, words: str) -> None:
        """Say what has to be known of the cells."""
        self._words = words
        self._say()

    def update_cells(self, cells: GalleryCells) -> None:
        """Show cells with other classes or certainties, more or fewer; if all selected ones are gone, select the next.

        Their numbers may be others, and so their pictures.
        """
        self._offer_unsure(cells)
        if not cells.has_same_cells(self.gallery.cells):
            self.grid.delegate.pixmaps.clear()
            self._fit_sizes(cells)
        chosen = self.gallery.selected
        at = self.gallery.order.index(chosen[0]) if chosen else None
        self.grid.rearrange(lambda: self._update(cells, at))
        self._count()

    def _update(self, cells: GalleryCells, at: int | None) -> None:
        self.gallery.update(cells)
        order = self.gallery.order
        if at is not None and order and not self.gallery.selected:
            self.gallery.select_many([order[min(at, len(order) - 1)]])

    def _fit_sizes(self, cells: GalleryCells) -> None:
        self.size_label.value = f"{self.sizes.label} ({cells.sized_in})" if cells.sized_in else self.sizes.label
        known = cells.sizes[cells.sizes == cells.sizes]  # not NaN
        least, most = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        most = max(most, least + 0.1)
        low, high = self.sizes.value
        low = least if low == self.sizes.min else min(max(low, least), most)
        high = most if high == self.sizes.max else min(max(high, least), most)
        with self.sizes.changed.blocked():
            self.sizes.max = max(most, self.sizes.max)  # lest the least one is above it for a moment
            self.sizes.min, self.sizes.max = least, most
            self.sizes.value = (low, high)

    def _chosen_filter(self) -> GalleryFilter:
        name = self.classes.current
        low, high = self.sizes.value
        whole = (low, high) == (self.sizes.min, self.sizes.max)
        bounds = {} if whole else {"smallest": low, "largest": high}
        only = None if name is ALL else (name,)
        return GalleryFilter(only=only, whose=self.whose.value, **bounds)

    def _filter(self, *_: object) -> None:
        self.grid.rearrange(lambda: self.gallery.show(self._chosen_filter()))
        self.grid.scrollToTop()
        self._count()

    def _count(self) -> None:
        """Show how many cells each class has, whichever of them is shown."""
        self.classes.show_counts(self.gallery.counts(), keys=self._keys, colours=self._colours)
        self._say()

    def _say(self, *_: object) -> None:
        shown, selected = len(self.gallery.order), len(self.gallery.selected)
        said = counted(shown, "cell") + (f", {selected:,} selected" if selected else "")
        self.said.setText(f"{said} · {self._words}" if self._words else said)

    def _offer_unsure(self, cells: GalleryCells) -> None:
        known = cells.unsure is not None and bool(cells.unsure.any())
        if known != self._unsure_known:
            self._unsure_known = known
            self.whose.reset_choices()

    def _on_accept(self) -> None:
        if self.gallery.selected:
            self.accepted.emit(self.gallery.selected)

    def _on_key(self, key: str) -> None:
        name = next((name for name, own in self._keys.items() if own.upper() == key), None)
        if name is not None and self.gallery.selected:
            self.named.emit(self.gallery.selected, name)
