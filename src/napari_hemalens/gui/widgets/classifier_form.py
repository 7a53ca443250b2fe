"""Which network answers which question, and where: what classifications and explanations have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog

from napari_hemalens.config.options import ClassificationRecipe, ExplanationRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.widgets.choices import fill
from napari_hemalens.gui.widgets.editors import Editor, choice, number, offer_devices
from napari_hemalens.gui.widgets.form import RecipeForm
from napari_hemalens.records.tasks import Task
from napari_hemalens.workflows import cards
from napari_hemalens.workflows.cards import AnyCard

R = TypeVar("R", bound=ClassificationRecipe | ExplanationRecipe)

_FILE = "ask for a file"
_NONE = ""  # in place of weights
_UNSIZED = "not known"
_SHORT = {"all": "Leukaemia (ALL)", "field": "Leukaemia stage (field)"}  # tasks whose title is longer than the box


class ClassifierForm(RecipeForm[R]):
    """Task, weights, pixel size and device, and what a recipe has besides.

    Parameters
    ----------
    recipe : type of Recipe
        What the form makes.
    tasks : sequence of Task
        Those that may be chosen.
    first : sequence of str
        Options that are not folded away.
    editors : mapping of str to Editor
        Of the options that the recipe has besides.
    """

    refused = Signal(str)

    def __init__(
        self, recipe: type[R], tasks: Sequence[Task], first: Sequence[str], editors: Mapping[str, Editor] | None = None
    ) -> None:
        self._own: list[Path] = []  # files that a person has chosen
        self._tasks = {task.name: task for task in tasks}
        super().__init__(
            recipe,
            editors={
                "task": choice({task.name: _SHORT.get(task.name, task.title) for task in tasks}),
                "weights": choice({}),
                "pixel_size_um": number(empty=_UNSIZED),
                "device": choice({"auto": "looking for a GPU…"}),
                **(editors or {}),
            },
            first=first,
            labels={"pixel_size_um": "Pixel size (µm)"},
            hidden=("relabel",),
        )
        self.editors["task"].changed.connect(self.offer_weights)
        self.editors["weights"].widget.activated.connect(self._on_click)
        self.offer_weights()

    @property
    def ready(self) -> bool:
        """Whether there are weights to run."""
        return self.editors["weights"].read() not in (None, _NONE, _FILE)

    @property
    def card(self) -> AnyCard | None:
        """The model card that are chosen; None where there are none."""
        return self.card_of(self.editors["weights"].read()) if self.ready else None

    def card_of(self, name: str | Path) -> AnyCard:
        """Return the model card that this form may offer.

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
        title = self._tasks[self.editors["task"].read()].title
        return f"There are no weights for the task {title} yet. Train some (hemalens train), or choose a file of them."

    def offer_weights(self) -> None:
        """Offer the weights of the task that is chosen."""
        task, box = self.editors["task"].read(), self.editors["weights"].widget
        described = {name: cards.model_card(name) for name in cards.known_weights()}
        packed = [name for name, card in described.items() if card.task == task and card.explainable]
        own = [path for path in self._own if self.card_of(path).task == task]
        items = [*((name, name) for name in packed), *((path.stem, str(path)) for path in own)]
        offered, before = [value for _, value in items], box.currentData()
        wanted = before if before in offered else self._tasks[task].weights
        fill(box, [*(items or [("none for this task yet", _NONE)]), ("File of weights…", _FILE)], wanted)
        box.setToolTip(self._described())
        self.changed.emit()

    def choose_file(self, file: Path) -> None:
        """Take the weights of a file, and the task that they are for."""
        try:
            card = self.card_of(file)
        except HemaLensError as error:
            self.refused.emit(str(error))
            return
        if card.task not in self._tasks:
            self.refused.emit(f"The weights {card.name} name whole fields, not cells: the Attention widget takes them.")
            return
        if file not in self._own:
            self._own.append(file)
        self.editors["task"].write(card.task)
        self.offer_weights()
        self.editors["weights"].write(str(file))

    def show_devices(self, devices: Sequence[tuple[str, str]]) -> None:
        """Offer the devices of this machine, in words; the first is the fastest."""
        offer_devices(self.editors["device"], devices)

    def read_pixel_size(self) -> float | None:
        """Return the pixel size that is filled in."""
        return self.read().pixel_size_um

    def show_pixel_size(self, size: float | None) -> None:
        """Fill in the pixel size of an image."""
        self.editors["pixel_size_um"].write(size)

    def write(self, recipe: R) -> None:
        """Fill in a recipe; without weights, those of the task."""
        for name, editor in self.editors.items():
            if name != "weights" or recipe.weights is not None:
                editor.write(getattr(recipe, name))

    def _on_click(self) -> None:
        editor = self.editors["weights"]
        if editor.read() == _FILE:
            editor.widget.setCurrentIndex(0)
            file, _ = QFileDialog.getOpenFileName(self, "File of weights", "", "Weights (*.json *.safetensors)")
            if file:
                self.choose_file(Path(file))
        editor.widget.setToolTip(self._described())

    def _described(self) -> str:
        card = self.card
        return self.lacking if card is None else card.description
