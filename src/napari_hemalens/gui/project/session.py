"""The project of one viewer: opened for all docks at once, and written a moment after each change. No Qt."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from napari.components import ViewerModel
from psygnal import Signal

from napari_hemalens.errors import HemaLensError, ProjectLockedError
from napari_hemalens.gui.camera import show_whole
from napari_hemalens.gui.keeping import Keeper, Snapshot
from napari_hemalens.gui.layers import holds_pixels
from napari_hemalens.gui.project.images import ProjectImages
from napari_hemalens.gui.running import Listener, Runner
from napari_hemalens.gui.viewer_session import ViewerSession, session_for
from napari_hemalens.workflows.kept_images import missing_in_words
from napari_hemalens.workflows.teaching import Project, open_project
from napari_hemalens.workflows.work import WorkFiles, check_work, read_work

SOON = 0.4
"""Seconds from a change until it is written: what a kill loses at most, but for the time of writing."""

_BUSY = "Stop first: something goes on in the project that is open."


class ProjectSession(ViewerSession):
    """Which project is open in a viewer, and what is to be written.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    runner : Runner
        Writes away from the window.

    Attributes
    ----------
    project : Project or None
        That is open.
    seen : list of Path
        Folders of the projects that were open in this window.
    """

    changed = Signal()  # another project is open, or none
    slide_opened = Signal(object)  # the layer of an image, which docks are to look at

    def __init__(self, viewer: ViewerModel, runner: Runner) -> None:
        super().__init__(viewer, runner)
        self._keepers: list[Keeper] = []
        self._others_busy: list[Callable[[], bool]] = []
        self._files: WorkFiles | None = None
        self._waiting = self._writing = self._taking = False
        self._failed = False
        self.project: Project | None = None
        self.seen: list[Path] = []

    def join(self, keeper: Keeper) -> None:
        """Keep the work of a dock from now on; what the open project keeps of it is shown."""
        if keeper in self._keepers:
            return
        self._keepers.append(keeper)
        keeper.changed.connect(self._on_changed)
        if self.project is not None:
            self._show([keeper])

    def wait_for(self, busy: Callable[[], bool]) -> None:
        """Do not change projects while something says that it is busy."""
        self._others_busy.append(busy)

    @property
    def busy(self) -> bool:
        """Whether a run goes on somewhere."""
        return any(keeper.busy for keeper in self._keepers) or any(busy() for busy in self._others_busy)

    @property
    def keeps(self) -> bool:
        """Whether what happens is kept."""
        return self.project is not None and not self.project.read_only

    def kept_in(self) -> Path | None:
        """Return the folder in which what happens is kept; None: nowhere."""
        return self.project.folder if self.project is not None and not self.project.read_only else None

    def at_stake(self, folder: Path | None) -> int:
        """Return how many corrected cells would be lost if a project were opened, or (None) the open one left."""
        self.keep_now()
        if self.project is not None:
            return sum(keeper.unsaved for keeper in self._keepers)
        try:
            work = None if folder is None else read_work(folder)
        except HemaLensError:  # opening says what is wrong
            return 0
        return 0 if work is None else sum(keeper.clashes(work) for keeper in self._keepers if keeper.unsaved)

    def open(self, folder: Path, *, preset: str | None = None, read_only: bool = False) -> bool:
        """Open or make a project in place of the one before, and return whether it is open; else it is said why.

        Raises
        ------
        ProjectLockedError
            If it is open elsewhere, or cannot be written to: it may be looked at.
        """
        if self.busy:
            self.message_sent.emit(_BUSY)
            return False
        if self.project is not None and self.project.folder.resolve() == folder.resolve():
            self.leave()
        try:
            check_work(folder)
            project = open_project(folder, preset=preset, read_only=read_only)
        except ProjectLockedError:
            raise
        except HemaLensError as error:
            self.message_sent.emit(str(error))
            return False
        self.leave()
        self.project, self._files = project, WorkFiles(project.folder)
        self.seen = [*dict.fromkeys((*self.seen, project.folder))]
        self.changed.emit()
        self._show(self._keepers)
        self._on_changed()  # what was in the window joins it
        return True

    def leave(self) -> None:
        """Close the project; what it keeps leaves the window with it."""
        if self.project is None:
            return
        self.keep_now()
        self.project.close()
        self.project = self._files = None
        for keeper in self._keepers:
            keeper.release()
        self.changed.emit()

    def keep_now(self) -> bool:
        """Write what is not written yet, before anything else happens; return whether all is kept."""
        if self.project is None or self.project.read_only or self._files is None:
            return self.project is None
        snapshots = [keeper.snapshot() for keeper in self._keepers]
        try:
            for snapshot in _write_steps(snapshots, self._files, self.project):
                snapshot.kept()
        except HemaLensError as error:
            self.message_sent.emit(str(error))
            return False
        return True

    def keep_at_end(self) -> None:
        """Write what is not written yet, unless `Viewer.close` has taken all layers away: no person did that."""
        viewer = self._viewer()
        if viewer is not None and len(viewer.layers):
            self.keep_now()

    def end(self) -> None:
        """Write all, and let other windows open the project: this one is gone."""
        self.keep_at_end()
        if self.project is not None:
            self.project.close()

    def _show(self, keepers: Sequence[Keeper]) -> None:
        """Let docks show what the project keeps of them."""
        viewer, project, files = self._viewer(), self.project, self._files
        if viewer is None or project is None or files is None:
            return
        said: list[str] = []
        had_images = any(map(holds_pixels, viewer.layers))
        self._taking = True
        try:
            work = read_work(project.folder, files, [keeper.kind for keeper in keepers])
            find = ProjectImages(viewer, files)
            taken = [note for keeper in keepers for note in keeper.take(work, find)]
            gone = [image for image in work.missing if image.layer == {} or find(image) is None]
            said = [*missing_in_words(gone, project.folder), *work.damaged, *find.notes, *taken]
        except HemaLensError as error:
            said = [str(error)]
        finally:
            self._taking = False
        if not had_images:
            self._look_at_images(viewer)
        if said:
            self.message_sent.emit(" ".join(dict.fromkeys(said)))

    def _look_at_images(self, viewer: ViewerModel) -> None:
        """Let window and docks look at the image in front: the camera stands where the first of them was."""
        seen = [layer for layer in viewer.layers if holds_pixels(layer) and layer.visible]
        if seen:
            show_whole(viewer, seen[-1])
            self.slide_opened.emit(seen[-1])

    def _on_changed(self) -> None:
        if self.keeps and not self._waiting and not self._taking:
            self._waiting = True
            self._runner.run_later(self._keep, SOON)

    def _keep(self) -> None:
        """Write what has changed away from the window; what changes meanwhile waits for the next time."""
        if self._writing:
            self._runner.run_later(self._keep, SOON)
            return
        self._waiting = False
        if not self.keeps or self._files is None or self.project is None:
            return
        self._writing = True
        snapshots = [keeper.snapshot() for keeper in self._keepers]
        listener = Listener(self._on_kept, self._on_error, self._on_written)
        self._runner.run_in_background(_write_steps(snapshots, self._files, self.project), listener)

    def _on_error(self, error: Exception) -> None:
        self.message_sent.emit(str(error) if isinstance(error, HemaLensError) else f"The work is not kept: {error}")

        self._failed = True

    def _on_kept(self, snapshot: Snapshot) -> None:
        snapshot.kept()
        if self._failed:
            self._failed = False
            self.message_sent.emit("All is kept again.")

    def _on_written(self) -> None:
        self._writing = False


def _write_steps(snapshots: Sequence[Snapshot], files: WorkFiles, project: Project) -> Generator[Snapshot, None, None]:
    """Write the work of docks; yields each once it is on the disk."""
    for snapshot in snapshots:
        snapshot.write(files, project.folder)
        yield snapshot


def project_session(viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> ProjectSession:
    """Return the project of a viewer, begun at the first call."""
    return session_for(ProjectSession, viewer, runner)
