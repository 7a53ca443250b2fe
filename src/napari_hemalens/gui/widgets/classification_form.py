"""The options of a classification and of a segmentation, as a person sees them."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton
from superqt import QCollapsible

from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.gui.widgets.classifier_form import ClassifierForm
from napari_hemalens.gui.widgets.form import RecipeForm, flatten
from napari_hemalens.records.tasks import TASKS


class ClassificationForm(ClassifierForm[ClassificationRecipe]):
    """Task, weights, pixel size and device; the tasks are those of cells."""

    def __init__(self) -> None:
        tasks = [task for task in TASKS.values() if task.unit == "cell"]
        super().__init__(ClassificationRecipe, tasks, ("task", "weights", "pixel_size_um", "device"))


class SegmentationForm(QCollapsible):
    """Outlines for images that have none yet, folded away."""

    asked = Signal()

    def __init__(self) -> None:
        super().__init__("Segment: outline the cells first", collapsedIcon="▸", expandedIcon="▾")
        flatten(self)
        self.form: RecipeForm[SegmentationRecipe] = RecipeForm(
            SegmentationRecipe, ("kind", "threshold", "split"), {}, hidden=("pixel_size_um", "channel")
        )
        self.button = QPushButton("Segment")
        self.button.setToolTip("Outline the cells of the image as a new Labels layer, without a network")
        self.button.clicked.connect(self.asked)
        for widget in (self.form, self.button):
            self.addWidget(widget)

    def read(self, pixel_size_um: float | None) -> SegmentationRecipe:
        """Return the recipe that is filled in, for images with pixels of that size."""
        return SegmentationRecipe.from_options(**self.form.read().model_dump() | {"pixel_size_um": pixel_size_um})
