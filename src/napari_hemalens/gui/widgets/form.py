"""A form made from options: magicgui makes a widget of each field, the description its tooltip."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from magicgui.widgets import Widget
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_hemalens.config.recipe import Recipe
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.fields import label_of, widget_for
from napari_hemalens.gui.widgets.rows import Rows

R = TypeVar("R", bound=Recipe)


class RecipeForm(QWidget, Generic[R]):
    """Every option of a recipe as a widget of magicgui.

    Parameters
    ----------
    recipe : type of Recipe
        What the form makes.
    first : sequence of str
        Options that everybody needs, in this order; the others are folded away.
    widgets : mapping of str to Widget
        Options with a widget of their own; the others get what suits their type.
    hidden : sequence of str
        Options that are found out elsewhere, and keep their default here.

    Attributes
    ----------
    options : dict of str to Widget
        The widget of each option, by its name.
    """

    changed = Signal()

    def __init__(
        self, recipe: type[R], first: Sequence[str], widgets: Mapping[str, Widget], hidden: Sequence[str] = ()
    ) -> None:
        super().__init__()
        fields = {name: field for name, field in recipe.model_fields.items() if name not in hidden}
        self._recipe = recipe
        self.options = {name: widgets[name] if name in widgets else widget_for(name, fields[name]) for name in fields}
        self.main, self.more = Rows(), Rows()
        rest = [name for name in fields if name not in first]
        for name in (*first, *rest):
            widget = self.options[name]
            widget.tooltip = fields[name].description
            (self.main if name in first else self.more).add(label_of(name, fields[name]), widget)
            widget.changed.connect(self._tell)
        self.folded = folded("More options", self.more.native)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.main.native)
        layout.addWidget(self.folded)
        self.folded.setVisible(bool(rest))
        self.write(recipe())

    def read(self) -> R:
        """Return the recipe that is filled in.

        Raises
        ------
        RecipeError
            If an option is out of its range.
        """
        return self._recipe.from_options(**{name: widget.value for name, widget in self.options.items()})

    def write(self, recipe: R) -> None:
        """Fill in a recipe."""
        for name, widget in self.options.items():
            value = getattr(recipe, name)
            if isinstance(widget, Choice):
                widget.select(value)
            else:
                widget.value = value

    def _tell(self, *_: Any) -> None:
        self.changed.emit()


class SizedForm(RecipeForm[R]):
    """Options of a run over an image, whose pixel size is filled in."""

    _of_image: float | None = None

    def keep_when_typed(self, images: Choice) -> None:
        """Let a choice stay with the image that a person types a pixel size for."""
        box = self.options["pixel_size_um"]
        box.changed.connect(lambda _: images.keep() if box.value != self._of_image else None)

    def write(self, recipe: R) -> None:
        """Fill in a recipe; one without a pixel size was typed for no image."""
        box = self.options["pixel_size_um"]
        with box.changed.blocked():
            super().write(recipe)
        self._of_image = None
        box.changed.emit(box.value)

    def show_pixel_size(self, size: float | None) -> None:
        """Fill in the pixel size of an image, or leave it empty."""
        box = self.options["pixel_size_um"]
        with box.changed.blocked():
            box.value = size
        self._of_image = box.value
        self._tell()

    def read_for_others(self) -> R:
        """Return the recipe that is filled in as it goes for other images, too: each has a pixel size of its own.

        One that a person has typed goes for all of them.

        Raises
        ------
        RecipeError
            If an option is out of its range.
        """
        recipe = self.read()
        own = self.options["pixel_size_um"].value == self._of_image
        return recipe.model_copy(update={"pixel_size_um": None}) if own else recipe


def folded(title: str, *widgets: QWidget) -> QCollapsible:
    """Return widgets that are folded away behind a title."""
    made = QCollapsible(title, collapsedIcon="▸", expandedIcon="▾")
    flatten(made)
    for widget in widgets:
        made.addWidget(widget)
    return made


def flatten(collapsible: QCollapsible) -> None:
    """Let labels inside line up with those outside, and say what the title does."""
    collapsible.toggleButton().setToolTip("Shows what is folded away here, or folds it away again")
    for layout in (collapsible.layout(), collapsible.content().layout()):
        layout.setContentsMargins(0, 0, 0, 0)
