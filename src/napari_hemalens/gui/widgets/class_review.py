"""What is shown of classified cells, and the review of the least certain."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.gui.widgets.accessible import reach_by_tab
from napari_hemalens.gui.widgets.box_filter import BoxFilterBar
from napari_hemalens.gui.widgets.exports import collect_button
from napari_hemalens.gui.widgets.fields import Slider
from napari_hemalens.gui.widgets.observer import ObserverName, blind_button
from napari_hemalens.gui.widgets.report_dialog import report_button
from napari_hemalens.gui.widgets.rows import Rows, button, review_words, sentences

_HINT = "A key gives its class · Space accepts · N goes on · U undoes · Esc ends"


class FilterBar(BoxFilterBar):
    """Show one class, cells of some sizes, or uncertain cells only."""

    def __init__(self) -> None:
        self.slider = Slider(min=0, max=1, step=0.01, label="Minimum entropy")
        self.slider.tooltip = "0: certain; 1: all classes equally likely. Cells below it become transparent"
        super().__init__(self.slider)
        self.classes.tooltip = (
            "Cells of other classes become transparent; all are counted. A review goes through those that are shown"
        )

    def display(self) -> DisplayFilter:
        """Return what is chosen."""
        smallest, largest = self._sizes()
        return DisplayFilter(self.classes.value, smallest, largest, least_entropy=self.slider.value)

    def show_entropy(self, display: DisplayFilter) -> None:
        """Show from which entropy on cells are shown, without telling anybody."""
        with self.slider.changed.blocked():
            self.slider.value = display.least_entropy


class ReviewCells(QWidget):
    """A button that begins and ends a review, and the cell that is looked at."""

    begun = Signal()
    ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.review, self.save = QPushButton(), button("Save…")
        self.review.setCheckable(True)
        self.review.setToolTip("Look at the cells that nobody has named one after the other, the least certain first")
        self.collect, self.report = collect_button(), report_button()
        for each in (self.review, self.save, self.report, self.collect):
            reach_by_tab(each)  # after a click, Space must not press them
        self.save.setToolTip("Write the cells of all images of this task as you left them, in formats of your choice")
        self.words, self.hint, self._rows = sentences(), sentences(small=True), Rows()
        self.observer, self.blind = ObserverName(), blind_button()
        self._rows.add("Observer", self.observer, self.blind)
        self.hint.setText(_HINT)
        buttons = QHBoxLayout()
        buttons.addWidget(self.review, 1)
        buttons.addWidget(self.save)
        below = QHBoxLayout()
        for each in (self.report, self.collect):
            below.addWidget(each)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(buttons)
        layout.addLayout(below)
        layout.addWidget(self._rows.native)
        for label in (self.words, self.hint):
            layout.addWidget(label)
        self.review.toggled.connect(self._on_toggled)
        self.show_cell("", 0, reviewing=False)

    def show_cell(self, said: str, waiting: int, *, reviewing: bool) -> None:
        """Show which cell is looked at, whether any is, and how many nobody has named."""
        self.review.blockSignals(True)
        self.review.setChecked(reviewing)
        self.review.setEnabled(reviewing or waiting > 0)
        self.review.setText("End review" if reviewing else review_words(waiting))
        self.review.blockSignals(False)
        self.words.setText(said)
        self.words.setVisible(bool(said))
        self.hint.setVisible(reviewing)

    def _on_toggled(self, on: bool) -> None:
        (self.begun if on else self.ended).emit()
