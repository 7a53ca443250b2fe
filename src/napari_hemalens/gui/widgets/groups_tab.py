"""Two groups of a project's patients compared: which, and the tables that come out."""

from functools import partial
from pathlib import Path

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_hemalens.gui.preferences import preference, set_preference
from napari_hemalens.gui.project.slides import SlidesSession
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.rows import button, sentences
from napari_hemalens.reports.language import LANGUAGES
from napari_hemalens.workflows.project_comparison import (
    WORK,
    ProjectComparison,
    TextTable,
)

_OF_WORK = "Detect, as corrected"
_OUTDATED = "Slides or results have changed since groups were compared: compare them again."
_ROW = 20  # pixels


class GroupsTab(QWidget):
    """Choices above, a table below.

    Parameters
    ----------
    session : SlidesSession
        Whose project.
    """

    def __init__(self, session: SlidesSession) -> None:
        super().__init__()
        self.session = session
        self.run, self.first, self.second, self.shown, self.language = (QComboBox() for _ in range(5))
        for box, name in (
            (self.run, "Cells of"),
            (self.first, "Control group"),
            (self.second, "Other group"),
            (self.shown, "Table"),
            (self.language, "Language of tables and page"),
        ):
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.compare = button("Compare groups", "Count by slide, patient and group, test, and write tables and a page")
        self.page = button("Open page", "Open the comparison as a page in the browser, to read or print")
        self.table, self.notes, self.refusal = _table(), sentences(small=True), sentences()
        self._tables: tuple[TextTable, ...] = ()
        for code, title in LANGUAGES.items():
            self.language.addItem(title, code)
        self.language.setCurrentIndex(max(0, self.language.findData(preference("report_language"))))
        self.language.setToolTip("Language of tables and page")
        self._lay_out()
        self.language.currentIndexChanged.connect(self._on_language)
        self.compare.clicked.connect(self._compare)
        self.page.clicked.connect(self._open_page)
        self.shown.currentIndexChanged.connect(self._show_table)
        session.changed.connect(self.show_project)
        self._compared: ProjectComparison | None = None
        self._outdated = False
        self._folder: Path | None = None
        self._chosen: set[QComboBox] = set()  # in which a person has chosen
        for box in (self.run, self.first, self.second):
            box.activated.connect(partial(self._on_chosen, box))
        self.show_project()

    @while_alive
    def show_project(self) -> None:
        """Offer runs and groups as they are now, and show what was compared."""
        session = self.session
        if self._folder != session.folder:
            self._folder, self._chosen = session.folder, set()
        offered = [*((name, name) for name in reversed(session.countable)), (_OF_WORK, WORK)]
        if _offer(self.run, offered) and self.run not in self._chosen:
            self.run.setCurrentIndex(0)  # the last run
        groups = session.slides.groups()
        others = [_offer(box, [(name, name) for name in groups]) for box in (self.first, self.second)]
        if any(others) and not self._chosen & {self.first, self.second}:
            self.first.setCurrentIndex(0)  # the control, where one is called so
        if any(others) and len(groups) > 1 and self.first.currentData() == self.second.currentData():
            self.second.setCurrentIndex(int(self.first.currentIndex() == 0))  # no group is compared with itself
        self.compare.setEnabled(session.keeps and bool(len(session.slides)))
        if session.compared is not self._compared or session.outdated != self._outdated:
            self._compared, self._outdated = session.compared, session.outdated
            self._show_compared()

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        said = (QLabel("Cells of"), QLabel("in"), QLabel("and"))
        for widget in (
            said[0],
            self.run,
            said[1],
            self.first,
            said[2],
            self.second,
            self.compare,
            self.language,
            self.shown,
            self.page,
        ):
            above.addWidget(widget)
        above.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 2)
        layout.setSpacing(3)
        layout.addLayout(above)
        layout.addWidget(self.refusal)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.notes)
        self._show_buttons(False)

    def _on_chosen(self, box: QComboBox, _: int) -> None:
        self._chosen.add(box)

    def _compare(self) -> None:
        both = (self.first.currentData(), self.second.currentData())
        self.session.compare(self.run.currentData(), both if all(both) else None, self.language.currentData())

    def _on_language(self) -> None:
        set_preference("report_language", self.language.currentData())
        self.session.translate(self.language.currentData())

    def _show_compared(self) -> None:
        compared = self._compared
        self._tables = () if compared is None else compared.tables
        at = self.shown.currentIndex()
        self.shown.blockSignals(True)
        self.shown.clear()
        self.shown.addItems([table.title for table in self._tables])
        self.shown.setCurrentIndex(at if 0 <= at < len(self._tables) else 0)
        self.shown.blockSignals(False)
        self.refusal.setText(compared.refusal if compared is not None else _OUTDATED * self._outdated)
        self.refusal.setVisible(bool(self.refusal.text()))
        self.notes.setText("" if compared is None else " ".join(compared.notes))
        self._show_buttons(compared is not None)
        self._show_table()

    def _show_buttons(self, shown: bool) -> None:
        for widget in (self.shown, self.page):
            widget.setVisible(shown)

    def _show_table(self, *_: object) -> None:
        at = self.shown.currentIndex()
        found = self._tables[at] if 0 <= at < len(self._tables) else TextTable("", (), ())
        self.table.setColumnCount(len(found.header))
        self.table.setHorizontalHeaderLabels(found.header)
        self.table.setRowCount(len(found.rows))
        for row, texts in enumerate(found.rows):
            for column, text in enumerate(texts):
                self.table.setItem(row, column, QTableWidgetItem(text))
        self.table.resizeColumnsToContents()

    def _open_page(self) -> None:
        if self._compared is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._compared.page)))


def _offer(box: QComboBox, choices: list[tuple[str, str]]) -> bool:
    """Offer choices, and return whether they are others; what was chosen stays chosen where it still is one."""
    before = box.currentData()
    if [box.itemData(i) for i in range(box.count())] == [value for _, value in choices]:
        return False
    box.clear()
    for text, value in choices:
        box.addItem(text, value)
    box.setCurrentIndex(max(0, box.findData(before)))
    return True


def _table() -> QTableWidget:
    table = QTableWidget()
    table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # sentences come first
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(_ROW)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.setAccessibleName("Groups compared")
    return table
