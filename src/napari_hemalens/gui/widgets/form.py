"""A form made from a recipe: options become widgets, their descriptions tooltips."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_hemalens.config.options import Recipe
from napari_hemalens.gui.widgets.editors import Editor, editor_for
from napari_hemalens.gui.widgets.rows import Rows

R = TypeVar("R", bound=Recipe)


class RecipeForm(QWidget, Generic[R]):
    """Every option of a recipe as a widget.

    Parameters
    ----------
    recipe : type of Recipe
        What the form makes.
    editors : mapping of str to Editor
        Options with a widget of their own; the others get what suits their type.
    first : sequence of str
        Options that everybody needs, in this order; the others are folded away.
    labels : mapping of str to str
        What options are called; by default their names.
    hidden : sequence of str
        Options that are found out elsewhere, and keep their default here.
    """

    changed = Signal()

    def __init__(
        self,
        recipe: type[R],
        *,
        editors: Mapping[str, Editor],
        first: Sequence[str],
        labels: Mapping[str, str],
        hidden: Sequence[str] = (),
    ) -> None:
        super().__init__()
        fields = {name: field for name, field in recipe.model_fields.items() if name not in hidden}
        self._recipe = recipe
        self._labels = labels
        self.editors = {name: editors.get(name) or editor_for(fields[name]) for name in fields}
        self.main, self.more = Rows(), Rows()
        rest = [name for name in fields if name not in first]
        for name in (*first, *rest):
            self._add(name, fields[name].description or "", self.main if name in first else self.more)
        folded = QWidget()
        folded.setLayout(self.more)
        self.folded = QCollapsible("More options", collapsedIcon="▸", expandedIcon="▾")
        self.folded.layout().setContentsMargins(0, 0, 0, 0)
        self.folded.addWidget(folded)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self.main)
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
        return self._recipe.from_options(**{name: editor.read() for name, editor in self.editors.items()})

    def write(self, recipe: R) -> None:
        """Fill in a recipe."""
        for name, editor in self.editors.items():
            editor.write(getattr(recipe, name))

    def label(self, name: str) -> str:
        """Return what an option is called."""
        return self._labels.get(name, name.replace("_", " ").capitalize())

    def _add(self, name: str, description: str, layout: Rows) -> None:
        editor = self.editors[name]
        editor.widget.setToolTip(description)
        editor.changed.connect(self._tell)
        layout.add(self.label(name), editor.widget)

    def _tell(self, *_: Any) -> None:
        self.changed.emit()
