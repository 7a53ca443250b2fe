"""What is shown of classified cells, and the review of the least certain."""

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_hemalens.gui.classes import display_name
from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.exports import collect_button, report_button
from napari_hemalens.gui.widgets.fields import Slider
from napari_hemalens.gui.widgets.rows import RowBox, button, sentences

_HINT = "A key gives its class · Space accepts · U or Ctrl+Z undoes · Esc ends"


class FilterBar(RowBox):
    """Show one class only, or uncertain cells only."""

    chosen = Signal(object, float)  # a class or None, the least entropy

    def __init__(self) -> None:
        self._names: Sequence[str] = ()
        self.classes = Choice(self._offered, none="All classes", label="Show")
        self.slider = Slider(min=0, max=1, step=0.01, label="Minimum entropy")
        self.slider.tooltip = "0: certain; 1: all classes equally likely. Cells below it become transparent"
        super().__init__(self.classes, self.slider)
        for widget in (self.classes, self.slider):
            widget.changed.connect(self._tell)

    def show_classes(self, names: Sequence[str], display: DisplayFilter) -> None:
        """Offer classes, and show what is chosen."""
        if tuple(names) != tuple(self._names):
            self._names = names
            with self.classes.changed.blocked():
                self.classes.reset_choices()
                self.classes.value = display.only

    def show_entropy(self, display: DisplayFilter) -> None:
        """Show from which entropy on cells are shown, without telling anybody."""
        with self.slider.changed.blocked():
            self.slider.value = display.least_entropy

    def _offered(self, _: object) -> list[tuple[str, str]]:
        return [(display_name(name), name) for name in self._names]

    def _tell(self) -> None:
        self.chosen.emit(self.classes.value, self.slider.value)


class ReviewCells(QWidget):
    """A button that begins and ends a review, and the cell that is looked at."""

    begun = Signal()
    ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.review, self.save = QPushButton("Review the least certain"), button("Save…")
        self.review.setCheckable(True)
        self.collect, self.report = collect_button(), report_button()
        for each in (self.review, self.save, self.report, self.collect):
            each.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space must not press them
        self.save.setToolTip("Write cells.csv, summary.csv and run.json of all images of this task to a folder")
        self.words, self.hint = sentences(), sentences(small=True)
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
        for label in (self.words, self.hint):
            layout.addWidget(label)
        self.review.toggled.connect(self._on_toggled)
        self.show_cell("", reviewing=False)

    def show_cell(self, said: str, *, reviewing: bool) -> None:
        """Show which cell is looked at, and whether any is."""
        self.review.blockSignals(True)
        self.review.setChecked(reviewing)
        self.review.setText("End review" if reviewing else "Review the least certain")
        self.review.blockSignals(False)
        self.words.setText(said)
        self.words.setVisible(bool(said))
        self.hint.setVisible(reviewing)

    def _on_toggled(self, on: bool) -> None:
        (self.begun if on else self.ended).emit()
