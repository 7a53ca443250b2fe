"""The slides of a project as a table of Qt, edited in place."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal

from napari_hemalens.workflows.project_slides import FIELDS, ProjectSlide, SlidesTable

NAME = 0
"""Column of the name of the file."""

Describe = Callable[[ProjectSlide], tuple[str, str]]
"""Returns what was found in a slide, and why it could not be looked at."""

_ROLE = Qt.ItemDataRole


class SlidesModel(QAbstractTableModel):
    """A row a slide: its file, what it is of, what was found in it.

    Parameters
    ----------
    describe : callable
        Returns what the last column says of a slide, and its tooltip.
    """

    edited = Signal(int, str, str)  # row, column of `slides.csv`, text

    def __init__(self, describe: Describe) -> None:
        super().__init__()
        self._describe = describe
        self._slides = SlidesTable()
        self._found: list[tuple[str, str]] = []
        self.editable = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns between name and results, as in `slides.csv`."""
        return (*FIELDS, *self._slides.others)

    @property
    def results(self) -> int:
        """Number of the column of results."""
        return 1 + len(self.columns)

    def show_slides(self, slides: SlidesTable, *, editable: bool) -> None:
        """Show slides; what is selected stays so where only texts have changed."""
        same = [s.path for s in slides] == [s.path for s in self._slides] and slides.others == self._slides.others
        if not same:
            self.beginResetModel()
        self._slides, self.editable = slides, editable
        self._found = [self._describe(slide) for slide in slides]
        if same and len(slides):
            self.dataChanged.emit(self.index(0, 0), self.index(len(slides) - 1, self.results))
        elif not same:
            self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's signature
        """Return the number of slides."""
        return 0 if parent.isValid() else len(self._slides)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, N802 -- Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else self.results + 1

    def headerData(self, section: int, way: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:  # noqa: N802 -- Qt's
        """Return the title of a column."""
        if role != _ROLE.DisplayRole or way != Qt.Orientation.Horizontal:
            return None
        others = self._slides.others
        return ("Slide", *(name.capitalize() for name in FIELDS), *others, "Results")[section]

    def data(self, index: QModelIndex, role: int = _ROLE.DisplayRole) -> Any:
        """Return the text or the tooltip of a cell."""
        slide, column = self._slides.slides[index.row()], index.column()
        found, reasons = self._found[index.row()]
        if role == _ROLE.ToolTipRole:
            return {NAME: slide.path, self.results: reasons or found}.get(column)
        if role not in {_ROLE.DisplayRole, _ROLE.EditRole}:
            return None
        if column in {NAME, self.results}:
            return slide.name if column == NAME else found
        name = self.columns[column - 1]
        return getattr(slide, name) if name in FIELDS else slide.beside.get(name, "")

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Return whether a cell can be edited."""
        own = super().flags(index)
        text = index.isValid() and 0 < index.column() < self.results
        return own | Qt.ItemFlag.ItemIsEditable if text and self.editable else own

    def setData(self, index: QModelIndex, value: Any, role: int = _ROLE.EditRole) -> bool:  # noqa: N802 -- Qt's name
        """Tell of a text that was typed; it is shown once it is written."""
        if role != _ROLE.EditRole:
            return False
        self.edited.emit(index.row(), self.columns[index.column() - 1], str(value))
        return True
