"""A window that holds unsaved corrections asks before it closes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from napari.components import ViewerModel
from napari.utils.notifications import show_warning
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_hemalens.gui.preferences import preference
from napari_hemalens.gui.project.session import ProjectSession
from napari_hemalens.progress import counted

Answer: TypeAlias = Literal["save", "discard", "cancel"]


class Keeper(Protocol):
    """A session whose results can be saved."""

    @property
    def unsaved(self) -> int:
        """Corrections that no file holds."""

    def save_now(self, folder: Path) -> Sequence[str]:
        """Write the results to a folder of their own in this one; return what is said of it."""


def ask_to_save(parent: QWidget, corrections: int) -> Answer:
    """Ask what becomes of corrections when the window closes."""
    cells = counted(corrections, "corrected cell is", "corrected cells are")
    question = f"{cells} not saved. Save the results of HemaLens before the window closes?"
    return ask_what_becomes(parent, "Unsaved corrections", question)


def ask_what_becomes(parent: QWidget, title: str, question: str) -> Answer:
    """Ask what becomes of what no file holds; a question that is closed means to go on as before."""
    kinds = QMessageBox.StandardButton
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setText(question)
    box.setStandardButtons(kinds.Save | kinds.Discard | kinds.Cancel)
    box.setDefaultButton(kinds.Save)
    answers: dict[Any, Answer] = {kinds.Save: "save", kinds.Discard: "discard"}
    return answers.get(box.exec(), "cancel")


class ClosingQuestion(QObject):
    """Holds the window of a viewer open until a person has said what becomes of their corrections.

    A script that closes the viewer is not asked.

    Parameters
    ----------
    viewer : ViewerModel
        With a window.
    """

    def __init__(self, viewer: Any) -> None:
        self._window = viewer.window._qt_window
        super().__init__(self._window)
        self.keepers: list[Keeper] = []
        self.project: ProjectSession | None = None
        self._closing = False
        self._window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 -- Qt's name
        """Refuse to close where a person wants to go on."""
        if event is None or watched is not self._window:
            return False
        # Minimising hides, too, after a person has taken back what napari asks next: whether the window shall close.
        gone = event.type() == QEvent.Type.Hide and not event.spontaneous()
        if gone and self._closing and self.project is not None:
            self.project.end()
        if event.type() != QEvent.Type.Close:
            return False
        if self.project is not None:
            self.project.keep_at_end()
        self._closing = self._may_close()
        if not self._closing:
            event.ignore()
        return not self._closing

    def _may_close(self) -> bool:
        waiting = [keeper for keeper in self.keepers if keeper.unsaved]
        # A script closes the canvas before the window; nobody sees a window that is not shown.
        if not waiting or not self._window._qt_viewer.isVisible():
            return True
        answer = ask_to_save(self._window, sum(keeper.unsaved for keeper in waiting))
        return answer == "discard" or (answer == "save" and self._save(waiting))

    def _save(self, waiting: Sequence[Keeper]) -> bool:
        folder = QFileDialog.getExistingDirectory(self._window, "Save in folder", preference("results_folder"))
        if not folder:
            return False
        for keeper in waiting:
            said = keeper.save_now(Path(folder))
            if keeper.unsaved:
                show_warning("\n".join(said))
                return False
        return True


def ask_before_closing(viewer: ViewerModel, keeper: Keeper) -> None:
    """Let the window of a viewer ask before the corrections of a session are lost; a viewer without one does not."""
    question = _question_of(viewer)
    if question is not None and keeper not in question.keepers:
        question.keepers.append(keeper)


def keep_before_closing(viewer: ViewerModel, project: ProjectSession) -> None:
    """Let the window of a viewer write the work to its project before it closes, and asks."""
    question = _question_of(viewer)
    if question is not None:
        question.project = project


def _question_of(viewer: ViewerModel) -> ClosingQuestion | None:
    itself: Any = getattr(viewer, "__wrapped__", viewer)
    window = getattr(getattr(itself, "window", None), "_qt_window", None)
    return None if window is None else window.findChild(ClosingQuestion) or ClosingQuestion(itself)
