"""Which cells are drawn: a class, and sizes; the same in Detect cells and Classify cells."""

from collections.abc import Sequence

from magicgui.widgets import Widget
from qtpy.QtCore import Signal

from napari_hemalens.gui.cell_filter import CellFilter
from napari_hemalens.gui.classes import display_name
from napari_hemalens.gui.detect.display import BoxFilter
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.fields import NumberEdit
from napari_hemalens.gui.widgets.rows import RowBox


class BoxFilterBar(RowBox):
    """Show one class, or cells of some sizes, and what else a dock filters by."""

    chosen = Signal(object)  # a CellFilter

    def __init__(self, *others: Widget) -> None:
        self._names: Sequence[str] = ()
        self.classes = Choice(self._offered, none="All classes", label="Show")
        self.classes.tooltip = (
            "Cells of other classes are not drawn; all are counted. N goes through those that are drawn"
        )
        self.smallest, self.largest = NumberEdit(empty="from"), NumberEdit(empty="to")
        super().__init__(self.classes)
        self.rows.add("Size (µm)", self.smallest, self.largest)
        for size in (self.smallest, self.largest):
            size.tooltip = "Side of a square as large as the cell, or its box; empty: any"
        for other in others:
            self.rows.add(other.label, other)
        for widget in (self.classes, self.smallest, self.largest, *others):
            widget.changed.connect(self._tell)

    def show_classes(self, names: Sequence[str], display: CellFilter) -> None:
        """Offer classes, and show what is chosen."""
        self._names = [*names] if display.only is None or display.only in names else [*names, display.only]
        with self.classes.changed.blocked():
            self.classes.reset_choices()
            self.classes.value = display.only

    def show_sizes(self, display: CellFilter) -> None:
        """Show the sizes that are drawn, without telling anybody."""
        for size, value in ((self.smallest, display.smallest_um), (self.largest, display.largest_um)):
            with size.changed.blocked():
                size.value = value

    def _offered(self, _: object) -> list[tuple[str, str]]:
        return [(display_name(name), name) for name in self._names]

    def display(self) -> CellFilter:
        """Return what is chosen."""
        return BoxFilter(self.classes.value, *self._sizes())

    def _sizes(self) -> list[float | None]:
        return [size if isinstance(size, float) else None for size in (self.smallest.value, self.largest.value)]

    def _tell(self) -> None:
        self.chosen.emit(self.display())
