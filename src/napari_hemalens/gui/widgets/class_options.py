"""The options of a classification and of a segmentation, as a person sees them."""

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QPushButton
from superqt import QCollapsible

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.widgets.choices import fill
from napari_hemalens.gui.widgets.editors import choice, number, offer_devices
from napari_hemalens.gui.widgets.form import RecipeForm
from napari_hemalens.models import weights
from napari_hemalens.models.weights import ClassifierRow
from napari_hemalens.recipes import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.tasks import TASKS

_FILE = "ask for a file"
_NONE = ""  # in place of weights
_UNSIZED = "not known"
_SHORT = {"all": "Leukaemia (ALL)"}  # tasks whose title is longer than the box
_OFFERED = {name: _SHORT.get(name, task.title) for name, task in TASKS.items() if task.unit == "cell"}


class ClassificationForm(RecipeForm[ClassificationRecipe]):
    """Task, weights, pixel size and device."""

    refused = Signal(str)

    def __init__(self) -> None:
        self._own: list[Path] = []  # files that a person has chosen
        super().__init__(
            ClassificationRecipe,
            editors={
                "task": choice(_OFFERED),
                "weights": choice({}),
                "pixel_size_um": number(empty=_UNSIZED),
                "device": choice({"auto": "looking for a GPU…"}),
            },
            first=("task", "weights", "pixel_size_um", "device"),
            labels={"task": "Task", "weights": "Weights", "pixel_size_um": "Pixel size (µm)", "device": "Device"},
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
    def lacking(self) -> str:
        """What to say where there are no weights for the task; else nothing."""
        if self.ready:
            return ""
        title = TASKS[self.editors["task"].read()].title
        return f"There are no weights for the task {title} yet. Train some (hemalens train), or choose a file of them."

    def offer_weights(self) -> None:
        """Offer the weights of the task that is chosen."""
        task, box = self.editors["task"].read(), self.editors["weights"].widget
        packed = [name for name in weights.known(ClassifierRow) if weights.classifier_row(name).task == task]
        own = [path for path in self._own if weights.classifier_row(path).task == task]
        items = [*((name, name) for name in packed), *((path.stem, str(path)) for path in own)]
        before = box.currentData()
        wanted = before if before != _FILE else TASKS[task].weights
        fill(box, [*(items or [("none for this task yet", _NONE)]), ("File of weights…", _FILE)], wanted)
        box.setToolTip(self._described())
        self.changed.emit()

    def choose_file(self, file: Path) -> None:
        """Take the weights of a file, and the task that they are for."""
        try:
            row = weights.classifier_row(file)
        except HemaLensError as error:
            self.refused.emit(str(error))
            return
        if row.task not in _OFFERED:
            self.refused.emit(f"The weights {row.name} name whole fields, not cells: the Attention widget takes them.")
            return
        if file not in self._own:
            self._own.append(file)
        self.editors["task"].write(row.task)
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

    def write(self, recipe: ClassificationRecipe) -> None:
        """Fill in a recipe; without weights, those of the task."""
        for name in ("task", "pixel_size_um", "device"):
            self.editors[name].write(getattr(recipe, name))
        if recipe.weights is not None:
            self.editors["weights"].write(recipe.weights)

    def _on_click(self) -> None:
        editor = self.editors["weights"]
        if editor.read() == _FILE:
            editor.widget.setCurrentIndex(0)
            file, _ = QFileDialog.getOpenFileName(self, "File of weights", "", "Weights (*.json *.safetensors)")
            if file:
                self.choose_file(Path(file))
        editor.widget.setToolTip(self._described())

    def _described(self) -> str:
        name = self.editors["weights"].read()
        return weights.classifier_row(name).description if self.ready else self.lacking


class SegmentationForm(QCollapsible):
    """Outlines for images that have none yet, folded away."""

    asked = Signal()

    def __init__(self) -> None:
        super().__init__("Segment: outline the cells first", collapsedIcon="▸", expandedIcon="▾")
        for layout in (self.layout(), self.content().layout()):
            layout.setContentsMargins(0, 0, 0, 0)  # labels line up with those outside
        self.form: RecipeForm[SegmentationRecipe] = RecipeForm(
            SegmentationRecipe,
            editors={},
            first=("kind", "threshold", "split"),
            labels={
                "kind": "Image shows",
                "smallest_um": "Smallest (µm)",
                "largest_um": "Largest (µm)",
            },
            hidden=("pixel_size_um",),
        )
        self.button = QPushButton("Segment")
        self.button.setToolTip("Outline the cells of the image as a new Labels layer, without a network")
        self.button.clicked.connect(self.asked)
        for widget in (self.form, self.button):
            self.addWidget(widget)

    def read(self, pixel_size_um: float | None) -> SegmentationRecipe:
        """Return the recipe that is filled in, for images with pixels of that size."""
        return SegmentationRecipe.of(**self.form.read().model_dump() | {"pixel_size_um": pixel_size_um})
