"""The queue of a project: runs over all slides, added with the options of the docks, stopped and resumed."""

from functools import partial

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_hemalens.gui.project.slides import SlidesSession
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.failures import FailureList
from napari_hemalens.gui.widgets.rows import button
from napari_hemalens.gui.widgets.running import RunBar
from napari_hemalens.workflows.project_queue import Operation, RunOutcome

_OPERATIONS: dict[Operation, tuple[str, str]] = {
    "detect": ("Detect all", "Find the cells of all slides, with the options of Detect that the project keeps"),
    "classify": (
        "Classify all",
        "Classify the cells of all slides, with the options of Classify that the project keeps",
    ),
    "explain": ("Attention on all", "Show where the network looks, with the task and weights of Classify"),
}
_COLUMNS = ("Run", "Slides", "State", "Weights")
_SLIDES = 1  # number of its column
_ROW = 20  # pixels


class QueueTab(QWidget):
    """Buttons that add runs, the runs, and how far they are.

    Parameters
    ----------
    session : SlidesSession
        Whose queue.
    """

    def __init__(self, session: SlidesSession) -> None:
        super().__init__()
        self.session = session
        self.add = {operation: button(*said) for operation, said in _OPERATIONS.items()}
        self.remove = button("Remove run", "Take the selected run out of the queue; its results stay")
        self.folder = button("Open folder", "Open the folder of results of the selected run")
        self.runs, self.running, self.failed = _table(), RunBar(), FailureList(least_rows=2, of_images=False)
        self.running.run.setText("Resume")
        self.running.run.setToolTip("Run what waits in the queue, one run after the other")
        self._lay_out()
        self._connect()
        self.show_runs()

    @property
    def selected(self) -> RunOutcome | None:
        """The run that is selected; by default the only one."""
        rows = sorted({index.row() for index in self.runs.selectedIndexes()})
        outcomes = self.session.outcomes
        chosen = rows[0] if rows else 0 if len(outcomes) == 1 else None
        return outcomes[chosen] if chosen is not None and chosen < len(outcomes) else None

    @while_alive
    def show_runs(self) -> None:
        """Show the runs as they are now."""
        session = self.session
        self.runs.setRowCount(len(session.outcomes))
        for row, outcome in enumerate(session.outcomes):
            reached = session.reached if outcome.run.name == session.at_run else None
            for column, text in enumerate(_texts(outcome, reached)):
                item = QTableWidgetItem(text)
                item.setToolTip(outcome.sentence)
                self.runs.setItem(row, column, item)
        failures = {
            f"{outcome.run.name}: {path}": f"{outcome.run.name}: {reason}"
            for outcome in session.outcomes
            for path, reason in (*outcome.failed.items(), *([("", outcome.run.reason)] if outcome.run.reason else []))
        }
        self.failed.show_failures(failures)
        for each in self.add.values():
            each.setEnabled(session.keeps and bool(len(session.slides)))
        self._on_running(session.running)
        self._on_selection()

    def _lay_out(self) -> None:
        buttons, below = QHBoxLayout(), QHBoxLayout()
        for each in (*self.add.values(), self.remove, self.folder):
            buttons.addWidget(each)
        buttons.addStretch(1)
        self.running.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        side = QVBoxLayout()
        side.addWidget(self.running)
        side.addWidget(self.failed)
        side.addStretch(1)
        below.addWidget(self.runs, 3)
        below.addLayout(side, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 2)
        layout.setSpacing(3)
        layout.addLayout(buttons)
        layout.addLayout(below, 1)

    def _connect(self) -> None:
        session = self.session
        for operation, each in self.add.items():
            each.clicked.connect(partial(self._add, operation))
        self.remove.clicked.connect(self._remove)
        self.folder.clicked.connect(self._open_folder)
        self.runs.itemSelectionChanged.connect(self._on_selection)
        self.running.run.clicked.connect(session.resume)
        self.running.follow(session)
        session.running_changed.connect(self._on_running)
        session.progressed.connect(self._on_progressed)
        session.changed.connect(self.show_runs)

    def _add(self, operation: Operation, *_: object) -> None:
        self.session.add_run(operation)

    def _remove(self) -> None:
        if self.selected is not None:
            self.session.remove_run(self.selected.run.name)

    def _open_folder(self) -> None:
        folder = self.session.folder
        if self.selected is not None and folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.selected.run.results(folder))))

    @while_alive
    def _on_running(self, running: bool) -> None:
        waits = any(outcome.run.state != "done" for outcome in self.session.outcomes)
        self.running.run.setEnabled(waits and not running and self.session.keeps)

    @while_alive
    def _on_progressed(self, *_: object) -> None:
        """Count on in the row of the run that goes on: what it found is read only once it has ended."""
        for row, outcome in enumerate(self.session.outcomes[: self.runs.rowCount()]):
            item = self.runs.item(row, _SLIDES)
            if outcome.run.name == self.session.at_run and item is not None:
                item.setText(_texts(outcome, self.session.reached)[_SLIDES])

    def _on_selection(self) -> None:
        folder = self.session.folder
        chosen = self.selected
        self.remove.setEnabled(chosen is not None and self.session.keeps)
        self.folder.setEnabled(chosen is not None and folder is not None and chosen.run.results(folder).exists())


def _texts(outcome: RunOutcome, reached: int | None) -> tuple[str, ...]:
    """Return what the columns say of a run; `reached`: how many slides one that goes on has looked at."""
    run = outcome.run
    failed = f", {len(outcome.failed):,} failed" if outcome.failed else ""
    task = run.recipe.get("task")
    weights = str(run.recipe.get("weights") or "") or f"those of the task {task}"
    state = run.state if reached is None else "running"
    done = f"{len(outcome.cells):,}" if reached is None else f"{reached:,}"
    return (run.name, f"{done} of {len(outcome.slides):,}{'' if state == 'running' else failed}", state, weights)


def _table() -> QTableWidget:
    table = QTableWidget(0, len(_COLUMNS))
    table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # sentences come first
    table.setHorizontalHeaderLabels(_COLUMNS)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(_ROW)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.setAccessibleName("Runs over the slides")
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setStretchLastSection(True)
    return table
