"""What is shown of explained cells: how heatmaps lie on the image, one cell, and a gallery."""

from collections.abc import Sequence
from pathlib import Path

from magicgui.widgets import SpinBox
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QGridLayout, QLabel, QProgressBar, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_hemalens.figures.heatmaps import Style, cell_picture, gallery
from napari_hemalens.gui.classes import display_name
from napari_hemalens.gui.explain.layers import Blend
from napari_hemalens.gui.preferences import preference
from napari_hemalens.gui.widgets.cells_picture import CellsPicture, pixmap
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.fields import Slider
from napari_hemalens.gui.widgets.form import flatten
from napari_hemalens.gui.widgets.replacing import ask_for_file
from napari_hemalens.gui.widgets.rows import RowBox, Rows, button, sentences
from napari_hemalens.records.explained import Explained
from napari_hemalens.records.palette import colour_of

_WIDTH = 318  # pixels of a picture in the dock, beside a scroll bar
_TILE = 50  # pixels of a tile of the gallery
_HINT = "Click a cell to see what the network saw and where it looked."


class BlendBar(RowBox):
    """Which method's heatmap is on screen, and how it lies on the image."""

    shown = Signal(str)
    blended = Signal(object)  # a Blend
    saved = Signal(object)  # a folder

    def __init__(self) -> None:
        self._titles: Sequence[tuple[str, str]] = ()
        self.save = button("Save heatmaps…")
        self.methods = Choice(lambda _: self._titles, label="Heatmap")
        self.slider = Slider(value=Blend().opacity, min=0, max=1, step=0.05, label="Opacity")
        self.overlay = Choice([("Over the image", False), ("Added (fluorescence)", True)], label="Overlay")
        self.overlay.tooltip = (
            "Added heatmaps stand out on a dark background, as in fluorescence; on a bright one they vanish"
        )
        self.methods.tooltip = "Which method's heatmap is shown; H shows the next one, Shift+H the one before"
        self.slider.tooltip = "How much of the colour is seen where the heatmap is hottest"
        self.save.setToolTip("Write the heatmap by each method as a TIFF of the size of the image")
        super().__init__(self.methods, self.slider, self.overlay)
        self.layout().addWidget(self.save)
        self.save.clicked.connect(self._ask)
        self.methods.changed.connect(self.shown.emit)
        for widget in (self.slider, self.overlay):
            widget.changed.connect(self._tell)

    def show_methods(self, titles: Sequence[tuple[str, str]], method: str) -> None:
        """Offer methods, by title and name."""
        self._titles = titles
        with self.methods.changed.blocked():
            self.methods.reset_choices()
            if method in self.methods.choices:
                self.methods.value = method

    def blend(self) -> Blend:
        """Return how heatmaps are to lie on the image."""
        return Blend(self.slider.value, self.overlay.value)

    def _tell(self) -> None:
        self.blended.emit(self.blend())

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Save heatmaps in folder", preference("results_folder"))
        if folder:
            self.saved.emit(Path(folder))


class CellView(QWidget):
    """One cell: what the network saw, its heatmap by each method, and the probabilities of its classes."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.picture, self.bars = sentences(), QLabel(), Bars()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(3)
        for widget in (self.words, self.picture, self.bars):
            layout.addWidget(widget)

    def show_cell(
        self, results: Sequence[Explained], titles: Sequence[str], *, field: bool = False, opaque: float = 1
    ) -> None:
        """Show a cell, or a field, as several methods explain it; without any, how to choose one."""
        for widget in (self.picture, self.bars):
            widget.setVisible(bool(results))
        if not results:
            self.words.setText(_HINT)
            return
        first = results[0]
        name = display_name(str(first.cells.class_names[0]))
        of = display_name(str(first.target_names[0]))
        said = "The field" if field else f"Cell {int(first.cells.ids[0])}"
        self.words.setText(f"{said}: {name}. Explained: {of}.")
        number, ratio = int(first.cells.ids[0]), self.devicePixelRatioF()
        style = Style(ink_of(self.words), None, opaque)
        made = cell_picture(results, number, titles=titles, width=round(_WIDTH * ratio), style=style)
        self.picture.setPixmap(pixmap(made, ratio))
        self.bars.show_shares(first.cells.names, first.cells.probabilities[0].tolist())


class Bars(QWidget):
    """The probability of each class, as a bar in its colour."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._names: tuple[str, ...] = ()
        self.bars: list[QProgressBar] = []
        self.shares: list[QLabel] = []

    def show_shares(self, names: tuple[str, ...], shares: Sequence[float]) -> None:
        """Show probabilities in 0-1."""
        if names != self._names:
            self._begin(names)
        for bar, label, share in zip(self.bars, self.shares, shares, strict=True):
            bar.setValue(round(1000 * share))
            label.setText(f"{share:.2f}")

    def _begin(self, names: tuple[str, ...]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            item.widget().hide()  # until Qt deletes it, it would cover what takes its place
            item.widget().deleteLater()
        self._names, self.bars, self.shares = names, [], []
        for row, name in enumerate(names):
            bar, share = QProgressBar(), QLabel()
            bar.setRange(0, 1000)
            bar.setTextVisible(False)
            bar.setFixedHeight(8)
            bar.setStyleSheet(f"QProgressBar::chunk {{background-color: {colour_of(name)}}}")
            for column, widget in enumerate((QLabel(display_name(name)), bar, share)):
                self._grid.addWidget(widget, row, column)
            self.bars.append(bar)
            self.shares.append(share)


class GalleryView(QCollapsible):
    """The n most and the n least certain cells, folded away at first; a click or keys choose one."""

    asked = Signal()  # for its cells
    saved = Signal(str, int)  # file, n
    chosen = Signal(object)  # the number of a cell: an int of Qt has 32 bits

    def __init__(self) -> None:
        super().__init__("Gallery: most and least certain cells", collapsedIcon="▸", expandedIcon="▾")
        flatten(self)
        self.picture, self.save = CellsPicture(), button("Save picture…", "Write the gallery as a PNG")
        self.number = SpinBox(value=6, min=1, max=100, label="Cells of each")
        self.number.tooltip = "How many of the most certain cells, and of the least certain, are shown"
        self._rows = Rows(self.number)
        for widget in (self._rows.native, self.picture, self.save):
            self.addWidget(widget)
        self.toggled.connect(self.asked)
        self.number.changed.connect(lambda _: self.asked.emit())
        self.save.clicked.connect(self._ask)
        self.picture.chosen.connect(self.chosen)

    def show_cells(self, results: Sequence[Explained], titles: Sequence[str], *, opaque: float = 1) -> None:
        """Show cells as several methods explain them."""
        self.save.setEnabled(bool(results))
        self.picture.setVisible(bool(results))
        if not results:
            return
        ratio = self.devicePixelRatioF()
        style = Style(ink_of(self.save), None, opaque)
        sizes = {"width": round(_WIDTH * ratio), "tile": round(_TILE * ratio)}
        self.picture.show_gallery(gallery(results, self.number.value, titles=titles, style=style, **sizes), ratio)

    def _ask(self) -> None:
        start = Path(preference("results_folder")) / "gallery.png"
        file = ask_for_file(self, "Save picture", start, "Pictures (*.png)")
        if file is not None:
            self.saved.emit(str(file), self.number.value)


def ink_of(widget: QWidget) -> str:
    """Return the colour of the letters of a widget."""
    widget.ensurePolished()
    return str(widget.palette().windowText().color().name())
