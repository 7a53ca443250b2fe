"""The project that is taught: its folder, and its classes with colours and keys."""

from napari.components import ViewerModel
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent
from qtpy.QtWidgets import QColorDialog, QHeaderView, QLineEdit, QTableWidget, QTableWidgetItem

from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.observer import ObserverName
from napari_hemalens.gui.widgets.project_choice import ProjectChoice
from napari_hemalens.gui.widgets.rows import Rows, button
from napari_hemalens.gui.widgets.swatch import swatch
from napari_hemalens.records.class_set import ClassSet
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.workflows.teaching import Project

_COLUMNS = ("", "Class", "Key")
_COLOUR, _NAME, _KEY = range(3)
_ROW = 20  # pixels
_MOST_ROWS = 6  # that are seen without scrolling
_CHANGING = (Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ClassTable(QTableWidget):
    """A row a class: a double click changes colour, name or key."""

    renamed = Signal(str, str)  # a class, its new name
    keyed = Signal(str, str)  # a class, its new key
    coloured = Signal(str, str)  # a class, its new colour

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS))
        self.setHorizontalHeaderLabels(_COLUMNS)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)  # Tab goes on
        self.setAccessibleName("Classes of the project")
        self.setToolTip("A double click, F2 or Return changes colour, name or key of a class")
        header = self.horizontalHeader()
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((_COLOUR, 26), (_KEY, 44)):
            self.setColumnWidth(column, width)
        self.itemChanged.connect(self._on_change)
        self.cellDoubleClicked.connect(self._on_double_click)

    def show_classes(self, classes: ClassSet) -> None:
        """Show other classes, or the same with other names, keys and colours."""
        with QSignalBlocker(self):
            self.setRowCount(len(classes))
            for row, each in enumerate(classes):
                for column, words in ((_COLOUR, ""), (_NAME, each.name), (_KEY, each.key)):
                    item = QTableWidgetItem(words)
                    item.setData(Qt.ItemDataRole.UserRole, each.name)
                    self.setItem(row, column, item)
                colour = self.item(row, _COLOUR)
                colour.setIcon(swatch(each.name, "", each.colour))
                colour.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.setFixedHeight(26 + _ROW * min(max(len(classes), 1), _MOST_ROWS))

    @property
    def chosen(self) -> str | None:
        """The class whose row is current."""
        item = self.item(self.currentRow(), _NAME)
        return None if item is None else item.data(Qt.ItemDataRole.UserRole)

    def _on_change(self, item: QTableWidgetItem) -> None:
        told = self.renamed if item.column() == _NAME else self.keyed
        told.emit(item.data(Qt.ItemDataRole.UserRole), item.text().strip())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 -- Qt's
        """Change a colour, as a double click does."""
        if event.key() in _CHANGING and self.currentColumn() == _COLOUR:
            self._on_double_click(self.currentRow(), _COLOUR)
        else:
            super().keyPressEvent(event)

    def _on_double_click(self, row: int, column: int) -> None:
        if column == _COLOUR:
            name = self.item(row, _NAME).data(Qt.ItemDataRole.UserRole)
            colour = QColorDialog.getColor(QColor("white"), self, f"Colour of {name}")
            if colour.isValid():
                self.coloured.emit(name, colour.name())


class ProjectRows(Rows):
    """Choose or make a project; add, change and remove its classes."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        tasks = [(task.title, task.name) for task in TASKS.values() if task.unit == "cell"]
        self.preset = Choice(tasks, none="no classes yet", label="New project has")
        self.preset.tooltip = "Classes that a new project begins with; others can be added and all renamed"
        self.table = ClassTable()
        self.new, self.plus, self.minus = (
            QLineEdit(),
            button("Add", "Add a class"),
            button("Remove", "Remove the class whose row is chosen"),
        )
        self.new.setToolTip("The name of a class that is to be added")
        self.new.setPlaceholderText("smudge cell")
        self.choice = ProjectChoice(viewer, lambda: self.preset.value)
        self.observer = ObserverName()
        self.add("Observer", self.observer)
        self.add(self.preset.label, self.preset)
        self.native.layout().addWidget(self.table)
        self.add("Class", self.new, self.plus, self.minus)
        self.show_project(None)

    def show_project(self, project: Project | None) -> None:
        """Show the classes of the project that is open."""
        self.table.show_classes(ClassSet() if project is None else project.classes)
        for widget in (self.table, self.new, self.plus, self.minus):
            widget.setEnabled(project is not None and not project.read_only)
