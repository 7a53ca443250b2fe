"""The options of an explanation, as a person sees them: one network, several methods."""

from pathlib import Path

from magicgui.widgets import Container
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QListWidget, QListWidgetItem

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.gui.classes import display_name
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.classifier_form import ClassifierForm
from napari_hemalens.records.explained import PREDICTED
from napari_hemalens.records.tasks import EXPLAINABLE
from napari_hemalens.workflows import cards
from napari_hemalens.workflows.cards import AnyCard, ClassifierCard
from napari_hemalens.workflows.heatmap_methods import Kind, best_of, methods_of

_ROWS = 5  # of the list that are seen at once
_SAID: dict[Kind, str] = {
    "attention": "Spatial weights that the network computes and uses itself; no extra pass",
    "features": "Activations of the network's channels; no extra pass",
    "gradient": "What would change the answer, from gradients; one extra pass, or some tens",
    "occlusion": "What changes the answer when it is covered; hundreds of passes, slow",
}


class MethodList(Container):
    """Methods to tick, the best with these weights first; magicgui has no list with ticks."""

    def __init__(self) -> None:
        super().__init__(labels=False)
        self.margins = (0, 0, 0, 0)
        self.list = QListWidget()
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.native.layout().addWidget(self.list)
        self._offered_first: tuple[str, ...] = ()  # the best of the weights before, which nobody may have wanted
        self.list.itemChanged.connect(self._tell)

    @property
    def value(self) -> str | None:
        """The one method that is ticked; None where it is the best one anyway, or where there are several."""
        chosen = self.chosen()
        return chosen[0] if len(chosen) == 1 and chosen != self._offered_first else None

    @value.setter
    def value(self, name: str | None) -> None:
        self.tick(self._offered_first if name is None else (name,))

    def offer(self, card: AnyCard | None) -> None:
        """Offer the methods of a network; those that a person has ticked stay so, else the best is ticked."""
        before = () if self.chosen() == self._offered_first else self.chosen()
        best = None if card is None else best_of(card)
        methods = [] if card is None else sorted(methods_of(card.network), key=lambda method: method != best)
        kept = {*before} & {method.name for method in methods}
        self.list.blockSignals(True)
        self.list.clear()
        for method in methods:
            measured = method == best and isinstance(card, ClassifierCard) and card.heatmap is not None
            item = QListWidgetItem(f"{method.title} (best)" if measured else method.title, self.list)
            item.setData(Qt.ItemDataRole.UserRole, method.name)
            item.setToolTip(f"{method.title}. {_SAID[method.kind]}")  # the list has no room for long titles
            on = method.name in kept or (not kept and method == best)
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        self._offered_first = () if best is None else (best.name,)
        height = self.list.sizeHintForRow(0) if methods else self.list.fontMetrics().height()
        self.list.setFixedHeight(_ROWS * height + 2 * self.list.frameWidth())
        self._tell()

    def chosen(self) -> tuple[str, ...]:
        """Return the names of the methods that are ticked."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return tuple(i.data(Qt.ItemDataRole.UserRole) for i in items if i.checkState() == Qt.CheckState.Checked)

    def tick(self, names: tuple[str, ...]) -> None:
        """Tick these methods, and no others."""
        for row in range(self.list.count()):
            on = self.list.item(row).data(Qt.ItemDataRole.UserRole) in names
            self.list.item(row).setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)

    def _tell(self) -> None:
        self.changed.emit(self)


class ExplanationForm(ClassifierForm[ExplanationRecipe]):
    """Task, weights, methods, class and smoothing."""

    def __init__(self) -> None:
        self._card: AnyCard | None = None  # whose classes and methods are offered
        self.methods, self.classes = MethodList(), Choice(self._offered_classes)
        super().__init__(
            ExplanationRecipe,
            tuple(EXPLAINABLE.values()),
            ("task", "weights", "method", "target", "smoothing", "device"),
            {"method": self.methods, "target": self.classes},
        )
        self.main.align_top(self.methods)
        self.changed.connect(self._on_changed)
        self._on_changed()

    def card_of(self, name: str | Path) -> AnyCard:
        """Return the model card of weights whose network can be explained; see `ClassifierForm.card_of`."""
        return cards.explainable_card(name)

    @property
    def whole_field(self) -> bool:
        """Whether the weights are of whole fields, which need no cells."""
        return self._card is not None and self._card.of_fields

    def _offered_classes(self, _: object) -> list[tuple[str, str]]:
        names = () if self._card is None else self._card.classes
        return [("predicted class", PREDICTED), *((display_name(name), name) for name in names)]

    def _on_changed(self) -> None:
        """Offer what the weights have, once others are chosen."""
        card = self.card
        if card != self._card:
            self._card = card
            self.classes.reset_choices()
            self.methods.offer(card)
