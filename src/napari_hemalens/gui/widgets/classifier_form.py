"""Which network answers which question, and where: what classifications and explanations have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar, cast

from magicgui.widgets import Widget
from qtpy.QtCore import Signal

from napari_hemalens.config.options import ClassificationRecipe, ExplanationRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.widgets.choices import Choice, DeviceChoice, PrecisionChoice
from napari_hemalens.gui.widgets.fields import NumberEdit
from napari_hemalens.gui.widgets.form import SizedForm
from napari_hemalens.gui.widgets.weights_choice import WeightsChoice, offered_entries, short_name
from napari_hemalens.records.tasks import Task
from napari_hemalens.workflows import cards
from napari_hemalens.workflows.cards import AnyCard
from napari_hemalens.workflows.weights import CatalogueEntry

R = TypeVar("R", bound=ClassificationRecipe | ExplanationRecipe)

_SHORT = {"all": "Leukaemia (ALL)", "field": "Leukaemia stage (field)"}  # tasks whose title is longer than the box


class ClassifierForm(SizedForm[R]):
    """Task, weights, pixel size and device, and what a recipe has besides.

    Parameters
    ----------
    recipe : type of Recipe
        What the form makes.
    tasks : sequence of Task
        Those that may be chosen.
    first : sequence of str
        Options that are not folded away.
    widgets : mapping of str to Widget
        Of the options that the recipe has besides.
    """

    refused = Signal(str)  # '': what was refused before is replaced

    def __init__(
        self,
        recipe: type[R],
        tasks: Sequence[Task],
        first: Sequence[str],
        widgets: Mapping[str, Widget] | None = None,
    ) -> None:
        self._own: list[Path] = []  # files that a person has chosen
        self._available: Sequence[CatalogueEntry] = ()  # what could be fetched
        self._tasks = {task.name: task for task in tasks}
        self._task = Choice([(_SHORT.get(task.name, task.title), task.name) for task in tasks])
        self._weights = WeightsChoice(self._offered_weights)
        own = {
            "task": self._task,
            "weights": self._weights,
            "pixel_size_um": NumberEdit(empty="not known"),
            "device": DeviceChoice(),
            "precision": PrecisionChoice(),
        }
        super().__init__(recipe, first, own | dict(widgets or {}), hidden=("relabel", "channel"))
        self._task.changed.connect(self._on_task)
        self._weights.changed.connect(self._describe)
        self._weights.file_chosen.connect(self.choose_file)
        self.offer_weights()

    @property
    def ready(self) -> bool:
        """Whether there are weights to run."""
        return self._weights.value is not None

    @property
    def card(self) -> AnyCard | None:
        """The model card of the weights that are chosen; None where there are none."""
        return self.card_of(self._weights.value) if self.ready else None

    def card_of(self, name: str | Path) -> AnyCard:
        """Return the model card of weights that this form may offer.

        Raises
        ------
        WeightsError
            If there are none such, or they are of no use here.
        """
        return cards.classifier_card(name)

    @property
    def lacking(self) -> str:
        """What to say where there are no weights for the task; else nothing."""
        if self.ready:
            return ""
        title = self._tasks[self._task.value].title
        return f"There are no weights for the task {title} yet. Train some (hemalens train) or choose a weights file."

    def offer_weights(self) -> None:
        """Offer the weights of the task that is chosen, its default first."""
        self._weights.reset_choices()
        self._describe()
        self._tell()

    def offer_available(self, entries: Sequence[CatalogueEntry]) -> None:
        """Offer weights that are not here; of detectors, a card alone says whether they have attention to show."""
        self._available = [entry for entry in entries if entry.task != "detection"]
        self.offer_weights()

    def take_fetched(self, name: str) -> None:
        """Choose weights that are here now, if they are for the task that is chosen."""
        self.offer_weights()
        if name in self._weights.choices:
            self._weights.value = name

    def choose_file(self, file: Path) -> None:
        """Take the weights of a file, and the task that they are for."""
        try:
            card = self.card_of(file)
        except HemaLensError as error:
            self.refused.emit(str(error))
            return
        if card.task not in self._tasks:
            self.refused.emit(f"The weights {card.name} classify whole fields, not cells: use them in Attention.")
            return
        if file not in self._own:
            self._own.append(file)
        self._task.value = card.task
        self.offer_weights()
        self._weights.value = str(file)
        self.refused.emit("")

    def show_devices(self, devices: Sequence[tuple[str, str]]) -> None:
        """Offer the devices of this machine, with their titles; the first is the fastest."""
        self.options["device"].offer(devices)

    def read_pixel_size(self) -> float | None:
        """Return the pixel size that is filled in."""
        return self.read().pixel_size_um

    def write(self, recipe: R) -> None:
        """Fill in a recipe; without weights, those of the task."""
        self._task.value = recipe.task
        self._weights.reset_choices()
        filled = recipe.model_copy(update={"weights": recipe.weights or self._weights.value})
        super().write(cast("R", filled))

    def _offered_weights(self, _: object) -> list[tuple[str, str | CatalogueEntry | None]]:
        task = self._task.value
        described = {name: cards.model_card(name) for name in cards.known_weights()}
        there = [name for name, card in described.items() if card.explainable and cards.answers(card, task)]
        there.sort(key=lambda name: name != self._tasks[task].weights)
        own = [path for path in self._own if cards.answers(self.card_of(path), task)]
        items = [(cards.label_of(described[name]), name) for name in there]
        items += [(short_name(str(path)), str(path)) for path in own]
        none = [] if items else [("none for this task yet", None)]
        return [*items, *none, *offered_entries(self._available, task)]

    def _on_task(self) -> None:
        """Choose the weights that another task begins with: those of before may answer it, but learned other things."""
        self._weights.reset_choices()
        own = self._tasks[self._task.value].weights
        if own in self._weights.choices:
            self._weights.value = own
        self.offer_weights()

    def _describe(self) -> None:
        self._weights.tooltip = self._described()

    def _described(self) -> str:
        card = self.card
        return self.lacking if card is None else cards.describe(card)
