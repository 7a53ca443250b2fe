"""What a person says for the report: which result is counted, what makes cells, the sample, and two groups."""

from collections.abc import Sequence

from napari.components import LayerList
from napari.layers import Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLineEdit, QWidget
from superqt import QCollapsible

from napari_hemalens.gui.cell_layers import holds_cells
from napari_hemalens.gui.classify.state import PAIRS, CellsBy, ClassificationState
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.choices import LAYER_NEWS, box, fill
from napari_hemalens.gui.widgets.rows import Rows, sentences
from napari_hemalens.reports.design import Sample

_ALL = "All images of this task"
_NUCLEI = "not asked: count nuclei"
_PAIRED = "pairs (check them)"
_UNCOMPARED = "nothing"


class CountedChoice(QWidget):
    """Choose the result that is counted and reviewed, or all of a task; hidden where there is one."""

    chosen = Signal(object)  # a ClassificationState, or None for all

    def __init__(self) -> None:
        super().__init__()
        self.box = box()
        Rows(self).add("Counted", self.box)
        self.box.currentIndexChanged.connect(lambda: self.chosen.emit(self.box.currentData()))

    def show_results(
        self, states: Sequence[ClassificationState], current: ClassificationState | None, *, pooled: bool
    ) -> None:
        """Offer the results of a task."""
        items = [(state.layer.name, state) for state in states if state.layer is not None]
        fill(self.box, [*items, (_ALL, None)], None if pooled else current)
        self.setVisible(len(items) > 1)


class ReportForm(QCollapsible):
    """The sample of the current result, what makes cells of its nuclei, and a comparison; folded away at first."""

    cells_chosen = Signal(object)  # a Labels layer, 'pairs' or None
    described = Signal(str, str)  # replicate, concentration
    compared = Signal(object, object)  # two names, or None

    def __init__(self, layers: LayerList) -> None:
        super().__init__("Report", collapsedIcon="▸", expandedIcon="▾")
        for layout in (self.layout(), self.content().layout()):
            layout.setContentsMargins(0, 0, 0, 0)  # labels line up with those outside
        self._layers = layers
        self._state: ClassificationState | None = None
        self.by, self.first, self.second = box(), box(), box()
        self.replicate, self.concentration = QLineEdit(), QLineEdit()
        self.sentence = sentences(small=True)
        self._sample, self._of_nuclei, self._comparison = QWidget(), QWidget(), QWidget()
        self._lay_out()
        self.by.currentIndexChanged.connect(lambda: self.cells_chosen.emit(self.by.currentData()))
        for line in (self.replicate, self.concentration):
            line.editingFinished.connect(self._describe)
        for chooser in (self.first, self.second):
            chooser.currentIndexChanged.connect(self._compare)
        layers.events.connect(self._on_layers)

    def show_case(self, state: ClassificationState | None, *, alone: bool) -> None:
        """Show what was said of a result, which is the only one that is counted, or one of several."""
        self._state = state
        self._offer_cells()
        sample = Sample() if state is None else state.sample
        for line, said in ((self.replicate, sample.replicate), (self.concentration, sample.concentration)):
            if line.text().strip() != said and not line.hasFocus():
                line.setText(said)
        for widget in (self._of_nuclei, self._sample):
            widget.setEnabled(alone)
            widget.setToolTip("" if alone else "Choose one image above to say this of it")
        self._of_nuclei.setVisible(state is not None and state.task.name == "micronucleus")

    def show_comparison(self, groups: Sequence[str], chosen: tuple[str, str] | None, sentence: str) -> None:
        """Offer groups to compare, and show how two of them do."""
        items = [(_UNCOMPARED, None), *((name, name) for name in groups)]
        for chooser, at in ((self.first, 0), (self.second, 1)):
            offered = [chooser.itemData(i) for i in range(chooser.count())]
            if offered != [value for _, value in items]:
                fill(chooser, items, chosen[at] if chosen else chooser.currentData())
        self._comparison.setVisible(bool(groups))
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))

    def _lay_out(self) -> None:
        self.by.setToolTip(
            "What makes cells of nuclei: labels of the cells, or pairs of nuclei that are near and alike. Pairs are "
            "shown as a layer to look through and to paint in; the figures follow"
        )
        self.replicate.setPlaceholderText("e.g. A")
        self.concentration.setPlaceholderText("e.g. 0.1 µg/ml")
        self.first.setToolTip("The control")
        self.second.setToolTip("What is set against it")
        Rows(self._of_nuclei).add("Cells made by", self.by)
        sample = Rows(self._sample)
        sample.add("Replicate", self.replicate)
        sample.add("Concentration", self.concentration)
        comparison = Rows(self._comparison)
        comparison.add("Compare", self.first)
        comparison.add("with", self.second)
        for widget in (self._of_nuclei, self._sample, self._comparison, self.sentence):
            self.addWidget(widget)

    def _offer_cells(self) -> None:
        source = None if self._state is None else self._state.source
        labels = [each for each in self._layers if isinstance(each, Labels) and holds_cells(each)]
        items: list[tuple[str, CellsBy]] = [(_NUCLEI, None), (_PAIRED, PAIRS)]
        items += [(each.name, each) for each in labels if each is not source]
        fill(self.by, items, None if self._state is None else self._state.cells_by)

    def _describe(self) -> None:
        self.described.emit(self.replicate.text(), self.concentration.text())

    def _compare(self) -> None:
        self.compared.emit(self.first.currentData(), self.second.currentData())

    @while_alive
    def _on_layers(self, event: object) -> None:
        if getattr(event, "type", "") in LAYER_NEWS:
            self._offer_cells()
