"""The options of an explanation, as a person sees them: one network, several methods."""

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QListWidget, QListWidgetItem

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.gui.classes import words
from napari_hemalens.gui.widgets.choices import box, fill
from napari_hemalens.gui.widgets.classifier_form import ClassifierForm
from napari_hemalens.gui.widgets.editors import Editor
from napari_hemalens.records.explained import PREDICTED
from napari_hemalens.records.tasks import EXPLAINABLE
from napari_hemalens.workflows import cards
from napari_hemalens.workflows.cards import AnyCard, ClassifierCard
from napari_hemalens.workflows.heatmap_methods import Kind, best_of, methods_of

_ROWS = 5  # of the list that are seen at once
_SAID: dict[Kind, str] = {
    "attention": "Weights of places that the network computes for itself and uses: no further pass",
    "features": "What the network sees, as its channels have it: no further pass",
    "gradient": "What would change the answer, from gradients: one further pass, or some tens",
    "occlusion": "What changes the answer when it is covered: hundreds of passes, slow",
}


class MethodList(QListWidget):
    """Methods to tick, the best with these weights first."""

    ticked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._offered_first: tuple[str, ...] = ()  # the best of the weights before, which nobody may have wanted
        self.itemChanged.connect(lambda _: self.ticked.emit())

    def offer(self, card: AnyCard | None) -> None:
        """Offer the methods of a network; those that a person has ticked stay so, else the best is ticked."""
        before = () if self.chosen() == self._offered_first else self.chosen()
        best = None if card is None else best_of(card)
        methods = [] if card is None else sorted(methods_of(card.network), key=lambda method: method != best)
        kept = {*before} & {method.name for method in methods}
        self.blockSignals(True)
        self.clear()
        for method in methods:
            measured = method == best and isinstance(card, ClassifierCard) and card.heatmap is not None
            item = QListWidgetItem(f"{method.title} (best)" if measured else method.title, self)
            item.setData(Qt.ItemDataRole.UserRole, method.name)
            item.setToolTip(_SAID[method.kind])
            on = method.name in kept or (not kept and method == best)
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.blockSignals(False)
        self._offered_first = () if best is None else (best.name,)
        height = self.sizeHintForRow(0) if self.count() else self.fontMetrics().height()
        self.setFixedHeight(_ROWS * height + 2 * self.frameWidth())
        self.ticked.emit()

    def chosen(self) -> tuple[str, ...]:
        """Return the names of the methods that are ticked."""
        items = (self.item(row) for row in range(self.count()))
        return tuple(i.data(Qt.ItemDataRole.UserRole) for i in items if i.checkState() == Qt.CheckState.Checked)

    def tick(self, names: tuple[str, ...]) -> None:
        """Tick these methods, and no others."""
        for row in range(self.count()):
            on = self.item(row).data(Qt.ItemDataRole.UserRole) in names
            self.item(row).setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)


class ExplanationForm(ClassifierForm[ExplanationRecipe]):
    """Task, weights, methods, class and smoothing."""

    def __init__(self) -> None:
        self.methods, self.classes = MethodList(), box()
        super().__init__(
            ExplanationRecipe,
            tuple(EXPLAINABLE.values()),
            ("task", "weights", "method", "target", "smoothing", "device"),
            {
                "method": Editor(self.methods, lambda: None, lambda _: None, self.methods.ticked),
                "target": Editor(self.classes, self._target, self._choose_target, self.classes.currentIndexChanged),
            },
        )
        self.changed.connect(self._on_changed)
        self._offered: str | None = None
        self._on_changed()

    def label(self, name: str) -> str:
        """Return what an option is called."""
        return {"method": "Methods", "target": "Class", "smoothing": "Smoothing (px)"}.get(name) or super().label(name)

    def card_of(self, name: str | Path) -> AnyCard:
        """Return the model card whose network can be asked where it looked; see `ClassifierForm.card_of`."""
        return cards.explainable_card(name)

    @property
    def whole_field(self) -> bool:
        """Whether the task is of whole fields, which need no cells."""
        return EXPLAINABLE[self.editors["task"].read()].unit == "field"

    def _target(self) -> str:
        return self.classes.currentData() or PREDICTED

    def _choose_target(self, name: str) -> None:
        self.classes.setCurrentIndex(max(0, self.classes.findData(name)))

    def _on_changed(self) -> None:
        """Offer what the weights have, once others are chosen."""
        chosen = str(self.editors["weights"].read())
        if chosen == self._offered:
            return
        self._offered = chosen
        card, called = self.card, "what the field is called" if self.whole_field else "what each cell is called"
        names = () if card is None else card.classes
        fill(self.classes, [(called, PREDICTED), *((words(name), name) for name in names)], self._target())
        self.methods.offer(card)
