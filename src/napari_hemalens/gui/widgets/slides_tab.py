"""The table of a project's slides: added to, edited, each opened with its results."""

from pathlib import Path

from qtpy.QtCore import QAbstractItemModel, QModelIndex, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QSizePolicy,
    QStyledItemDelegate,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_hemalens.gui.project.slides import SlidesSession
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.rows import button, sentences
from napari_hemalens.gui.widgets.slides_model import NAME, SlidesModel

_NONE = "No project is open: choose or make one at the top of Detect, Classify or Teach."
_EMPTY = "No slides yet: add images or a folder of them, or take over a table that says whose they are."
_HINT = (
    "Type into selected cells to fill all of them; double-click a slide to open it with its results. "
    "slides.csv in the project may be edited in a spreadsheet, too."
)
_ROW = 22  # pixels


class TypedTexts(QStyledItemDelegate):
    """Takes what a person has typed, be it the text that stood there: it may be meant for all selected cells."""

    def setModelData(self, editor: QWidget | None, model: QAbstractItemModel | None, index: QModelIndex) -> None:  # noqa: N802 -- Qt's name
        """Leave texts alone that were only looked at."""
        if isinstance(editor, QLineEdit) and editor.isModified():
            super().setModelData(editor, model, index)


class SlidesTab(QWidget):
    """Slides in a table, buttons beside it.

    Parameters
    ----------
    session : SlidesSession
        Whose slides.
    """

    def __init__(self, session: SlidesSession) -> None:
        super().__init__()
        self.session = session
        self.model = SlidesModel(session.results_in_words)
        self.table = _table(self.model)
        self.add = button("Add images…", "Files are not copied; slides that are there already stay as they are")
        self.add_folder = button("Add folder…", "All images directly in a folder")
        self.take = button("Take over table…", "A table with the column path, and patient, sample, stain or group")
        self.remove = button("Remove", "Take the selected slides out of the table; files and results stay")
        self.open = button("Open", "Show the slide with what was found in it")
        self.words = sentences(small=True)
        buttons = QHBoxLayout()
        for each in (self.add, self.add_folder, self.take, self.remove, self.open):
            buttons.addWidget(each)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 2)
        layout.setSpacing(3)
        layout.addLayout(buttons)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.words)
        self._connect()
        self.show_slides()

    @property
    def selected(self) -> list[int]:
        """Rows with a selected cell, from the top."""
        return sorted({index.row() for index in self.table.selectionModel().selectedIndexes()})

    @while_alive
    def show_slides(self) -> None:
        """Show the slides as they are now."""
        session = self.session
        self.model.show_slides(session.slides, editable=session.keeps)
        for each in (self.add, self.add_folder, self.take):
            each.setEnabled(session.keeps)
        empty = _EMPTY if session.readable else ""
        self.words.setText(_NONE if session.folder is None else _HINT if len(session.slides) else empty)
        self._on_selection()

    def _connect(self) -> None:
        self.add.clicked.connect(self._ask_for_images)
        self.add_folder.clicked.connect(self._ask_for_folder)
        self.take.clicked.connect(self._ask_for_table)
        self.remove.clicked.connect(lambda: self.session.remove(self.selected))
        self.open.clicked.connect(self._open_selected)
        self.table.doubleClicked.connect(self._on_double_click)
        self.table.selectionModel().selectionChanged.connect(self._on_selection)
        self.model.edited.connect(self._on_edit)
        self.session.changed.connect(self.show_slides)

    def _ask_for_images(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Images to add to the slides of the project")
        if files:
            self.session.add([Path(file) for file in files])

    def _ask_for_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder whose images are added")
        if folder:
            self.session.add([Path(folder)])

    def _ask_for_table(self) -> None:
        kinds = "Tables (*.csv *.tsv *.txt);;All files (*)"
        file, _ = QFileDialog.getOpenFileName(self, "Table of slides", "", kinds)
        if file:
            self.session.add(table=Path(file))

    def _open_selected(self) -> None:
        if self.selected:
            self.session.open_slide(self.selected[0])

    def _on_double_click(self, index: QModelIndex) -> None:
        if index.column() in {NAME, self.model.results}:
            self.session.open_slide(index.row())

    def _on_edit(self, row: int, column: str, text: str) -> None:
        """Write a text into all selected cells of its column."""
        number = 1 + self.model.columns.index(column)
        chosen = {index.row() for index in self.table.selectionModel().selectedIndexes() if index.column() == number}
        self.session.write_texts(sorted(chosen) if row in chosen else [row], column, text)

    def _on_selection(self, *_: object) -> None:
        self.remove.setEnabled(bool(self.selected) and self.session.keeps)
        self.open.setEnabled(len(self.selected) == 1)


def _table(model: SlidesModel) -> QTableView:
    table = QTableView()
    table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # no two scroll bars
    table.setModel(model)
    table.setItemDelegate(TypedTexts(table))
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(_ROW)
    table.setTabKeyNavigation(False)  # Tab goes on
    table.setAccessibleName("Slides of the project")
    table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    ways = QAbstractItemView.EditTrigger
    table.setEditTriggers(ways.DoubleClicked | ways.AnyKeyPressed | ways.EditKeyPressed)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    header.setDefaultSectionSize(105)
    header.resizeSection(NAME, 170)
    header.setStretchLastSection(True)
    return table
