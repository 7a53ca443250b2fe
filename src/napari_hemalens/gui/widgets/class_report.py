"""What a person says for the report: which result is counted, what makes cells, the sample, and two groups."""

from collections.abc import Sequence
from typing import Any

from magicgui.widgets import LineEdit
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtCore import Signal
from superqt import QCollapsible

from napari_hemalens.gui.cell_layers import holds_cells
from napari_hemalens.gui.classify.state import PAIRS, CellsBy, ClassificationState
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.form import flatten
from napari_hemalens.gui.widgets.rows import RowBox, Rows, sentences
from napari_hemalens.reports.design import Sample

_ALL = "All images of this task"
_NUCLEI = "none: count nuclei"
_PAIRED = "paired nuclei (check them)"
_UNCOMPARED = "nothing"


class CountedChoice(RowBox):
    """Choose the result that is counted and reviewed, or all of a task; hidden where there is one."""

    chosen = Signal(object)  # a ClassificationState, or None for all

    def __init__(self) -> None:
        self._states: Sequence[ClassificationState] = ()
        self.box = Choice(self._offered, label="Counted")
        self.box.tooltip = "Which result is counted and reviewed, or all images of the task together"
        super().__init__(self.box)
        self.box.changed.connect(lambda state: self.chosen.emit(None if state == _ALL else state))

    def show_results(
        self, states: Sequence[ClassificationState], current: ClassificationState | None, *, pooled: bool
    ) -> None:
        """Offer the results of a task."""
        self._states = states
        with self.box.changed.blocked():
            self.box.reset_choices()
            self.box.value = _ALL if pooled or current is None else current
        self.setVisible(len(self.box) > 2)

    def _offered(self, _: object) -> list[tuple[str, Any]]:
        return [*((state.layer.name, state) for state in self._states if state.layer is not None), (_ALL, _ALL)]


class ReportForm(QCollapsible):
    """The sample of the current result, what makes cells of its nuclei, and a comparison; folded away at first."""

    cells_chosen = Signal(object)  # a Labels layer, 'pairs' or None
    described = Signal(str, str)  # replicate, concentration
    compared = Signal(object, object)  # two names, or None

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__("Report", collapsedIcon="▸", expandedIcon="▾")
        flatten(self)
        self._layers = viewer.layers
        self._state: ClassificationState | None = None
        self._groups: Sequence[str] = ()
        self.by = Choice(self._offered_cells, none=_NUCLEI, label="Cells from")
        self.first = Choice(self._offered_groups, none=_UNCOMPARED, label="Compare")
        self.second = Choice(self._offered_groups, none=_UNCOMPARED, label="with")
        self.replicate, self.concentration = LineEdit(label="Replicate"), LineEdit(label="Concentration")
        self.sentence = sentences(small=True)
        self._of_nuclei, self._sample = Rows(self.by), Rows(self.replicate, self.concentration)
        self._comparison = Rows(self.first, self.second)
        self._explain()
        for widget in (*(each.native for each in (self._of_nuclei, self._sample, self._comparison)), self.sentence):
            self.addWidget(widget)
        self.by.changed.connect(self.cells_chosen.emit)
        for line in (self.replicate, self.concentration):
            line.native.editingFinished.connect(self._describe)  # magicgui tells of every letter
        for chooser in (self.first, self.second):
            chooser.changed.connect(self._compare)

    def show_case(self, state: ClassificationState | None, *, alone: bool) -> None:
        """Show what was said of a result, which is the only one that is counted, or one of several."""
        self._state = state
        self.reset_choices()
        sample = Sample() if state is None else state.sample
        for line, said in ((self.replicate, sample.replicate), (self.concentration, sample.concentration)):
            if line.value.strip() != said and not line.native.hasFocus():
                line.value = said
        for rows in (self._of_nuclei, self._sample):
            rows.enabled = alone
            rows.native.setToolTip("" if alone else "Choose a single image above to describe it")
        self._of_nuclei.visible = state is not None and state.task.name == "micronucleus"

    def show_comparison(self, groups: Sequence[str], chosen: tuple[str, str] | None, sentence: str) -> None:
        """Offer groups to compare, and show how two of them do."""
        if self._groups != groups:
            self._groups = groups
            for chooser, at in ((self.first, 0), (self.second, 1)):
                with chooser.changed.blocked():
                    chooser.reset_choices()
                    if chosen:
                        chooser.value = chosen[at]
        self._comparison.visible = bool(groups)
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))

    def reset_choices(self) -> None:
        """Offer the labels that the viewer holds now, and show which make the cells of the current result."""
        by = None if self._state is None else self._state.cells_by
        with self.by.changed.blocked():
            self.by.reset_choices()
            self.by.value = by if by in self.by.choices else None

    def _explain(self) -> None:
        self.by.tooltip = (
            "How nuclei are grouped into cells: by labels of the cells, or by pairing nuclei that are close and alike. "
            "Pairs are shown as a layer that you can check and edit; the figures follow"
        )
        self.replicate.native.setPlaceholderText("e.g. A")
        self.concentration.native.setPlaceholderText("e.g. 0.1 µg/ml")
        self.replicate.tooltip = "Which replicate of the experiment the image is of"
        self.concentration.tooltip = "Which concentration it was given; images of one are counted together"
        self.first.tooltip = "The control"
        self.second.tooltip = "The group that is compared with it"

    def _offered_cells(self, _: object) -> list[tuple[str, CellsBy]]:
        source = None if self._state is None else self._state.source
        labels = [each for each in self._layers if isinstance(each, Labels) and holds_cells(each)]
        return [(_PAIRED, PAIRS), *((each.name, each) for each in labels if each is not source)]

    def _offered_groups(self, _: object) -> list[tuple[str, str]]:
        return [(name, name) for name in self._groups]

    def _describe(self) -> None:
        self.described.emit(self.replicate.value, self.concentration.value)

    def _compare(self) -> None:
        self.compared.emit(self.first.value, self.second.value)
