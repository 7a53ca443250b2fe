"""Which project keeps the work: the same choice in every dock."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_hemalens.errors import ProjectLockedError
from napari_hemalens.gui.project.session import ProjectSession, project_session
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.closing import keep_before_closing
from napari_hemalens.gui.widgets.rows import RowBox, button, sentences
from napari_hemalens.gui.widgets.slides_dock import open_slides
from napari_hemalens.gui.workers import QtRunner
from napari_hemalens.progress import counted

ASK = "ask for a folder"
NONE = "none"
_TOOLTIP = "Folder in which images, cells, corrections and options are kept as you work, and open again as they were"


def follow_slides(projects: ProjectSession, box: Choice) -> None:
    """Let a choice of images go along with the slides that are opened from the project's table, but for a run."""

    def follow(image: Layer) -> None:
        if isalive(box.native) and box.native.isEnabled() and image in box.choices:
            box.value = image

    projects.slide_opened.connect(follow)


class ProjectChoice(RowBox):
    """Choose, open or make a project.

    Parameters
    ----------
    viewer : ViewerModel
        Whose docks share the project.
    preset : callable, optional
        Returns the task whose classes a new project begins with.
    """

    told = Signal(QWidget)  # as of `RunBar`

    def __init__(self, viewer: ViewerModel, preset: Callable[[], str | None] = lambda: None) -> None:
        self.session = project_session(viewer, QtRunner)
        self._preset = preset
        keep_before_closing(viewer, self.session)
        self.box = Choice(self._offered, label="Project")
        super().__init__(self.box)
        self.slides = button("Slides…", "The project's table of slides, its queue of runs, and groups compared")
        self.rows[0].native.layout().addWidget(self.slides)
        self.slides.clicked.connect(lambda: open_slides(viewer))
        self.words = sentences(small=True)
        self.layout().addWidget(self.words)
        self.words.hide()
        self.box.changed.connect(self._on_choice)
        self.session.changed.connect(self._on_project)
        self.session.message_sent.connect(self._say)
        self._on_project()

    def open(self, folder: Path) -> bool:
        """Open or make a project, after what it would cost is agreed to; return whether it is open."""
        try:
            return self._may_lose(folder) and self.session.open(folder, preset=self._preset())
        except ProjectLockedError as error:
            return _agrees(self, "Project", f"{error} Look at it without changing it?") and self.session.open(
                folder, read_only=True
            )

    def _may_lose(self, folder: Path | None) -> bool:
        corrections = self.session.at_stake(folder)
        cells = counted(corrections, "corrected cell is", "corrected cells are")
        question = f"{cells} not kept anywhere, and the project's own would take their place. Go on?"
        return not corrections or _agrees(self, "Unsaved corrections", question)

    def _offered(self, _: object) -> list[tuple[str, Any]]:
        project = self.session.project
        looks = {project.folder} if project is not None and project.read_only else ()
        known = [
            (f"{folder.name} (look only)" if folder in looks else folder.name, folder) for folder in self.session.seen
        ]
        return [(NONE, NONE), *known, ("Open or make…", ASK)]

    def _on_choice(self, chosen: Any) -> None:
        self._on_project()  # until it is open
        if chosen == ASK:
            folder = QFileDialog.getExistingDirectory(self, "Folder of the project: one that is there, or a new one")
            if folder:
                self.open(Path(folder))
        elif chosen != NONE:
            self.open(chosen)
        elif self._may_lose(None):
            self.session.leave()

    @while_alive
    def _on_project(self) -> None:
        project = self.session.project
        with self.box.changed.blocked():
            self.box.reset_choices()
            self.box.value = NONE if project is None else project.folder
        self.slides.setEnabled(project is not None)
        self.box.tooltip = _TOOLTIP if project is None else f"Kept in {project.folder}"
        self._say(f"{project.folder} is looked at only: nothing is kept." if project and project.read_only else "")

    @while_alive
    def _say(self, sentence: str) -> None:
        new = bool(sentence) and self.words.isHidden()
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence))
        if new:
            self.told.emit(self.words)


def _agrees(parent: QWidget, title: str, question: str) -> bool:
    kinds = QMessageBox.StandardButton
    return bool(QMessageBox.question(parent, title, question, kinds.Yes | kinds.Cancel, kinds.Cancel) == kinds.Yes)
