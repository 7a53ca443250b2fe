"""A project: a folder in which classes, images and labels are kept, open in one window at a time.

Beside `project.json` (classes, images, weights) and `labels.jsonl` (a line for each step of a person) lie `caches/`,
which can be made again and may be deleted, and `results/`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from filelock import FileLock, Timeout

from napari_hemalens.errors import ProjectError, ProjectLockedError, RecipeError
from napari_hemalens.progress import counted
from napari_hemalens.projects import document, journal
from napari_hemalens.projects.decisions import Decision, Decisions, Entry
from napari_hemalens.projects.document import Document, ImageEntry, WeightsEntry
from napari_hemalens.records.class_set import ClassSet
from napari_hemalens.records.taught_cells import TaughtImage

JOURNAL = "labels.jsonl"
_LOCK = ".lock"


class Project:
    """A project that is open. What is said is on the disk when a method returns.

    Attributes
    ----------
    folder : Path
        The folder.
    read_only : bool
        Whether nothing can be written, since it is open elsewhere.
    notes : tuple of str
        What was found amiss when it was opened, a sentence each.
    decisions : Decisions
        All that a person said of cells.
    observer : str
        Whose name the next decisions bear; '' for none.
    """

    def __init__(self, folder: Path, found: Document, *, lock: FileLock | None) -> None:
        self.folder = folder
        self.read_only = lock is None
        self.observer = ""
        self._document, self._lock = found, lock
        entries, notes, sound = journal.read(self._journal)
        if not self.read_only:
            journal.cut_off(self._journal, sound)
        self.decisions = Decisions.replay(entries)
        self.notes = (*notes, *self._bring_classes_back())

    @classmethod
    def create(cls, folder: str | Path, classes: ClassSet | Sequence[str] = (), *, seed: int = 0) -> Self:
        """Make a project in a new or empty folder, and open it.

        Parameters
        ----------
        folder : path
            Is made if it is missing.
        classes : ClassSet or sequence of str
            Its classes, or their names; more can follow.
        seed : int
            Decides which cells are the random ones.

        Raises
        ------
        ProjectError
            If there is a project in the folder already, or it cannot be written to.
        RecipeError
            If a name is no class name.
        """
        place = Path(folder)
        if (place / document.FILE).exists():
            raise ProjectError(f"There is a project in {place} already: open it.")
        chosen = classes if isinstance(classes, ClassSet) else ClassSet.of_names(classes)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProjectError(f"No project can be made in {place}: {error.strerror}.") from error
        try:
            lock = _locked(place)
        except ProjectLockedError as error:
            raise ProjectError(
                f"No project can be made in {place}: {error}"
            ) from error  # there is none to be looked at
        document.write(Document(seed=seed).with_classes(chosen), place)
        return cls(place, document.read(place), lock=lock)

    @classmethod
    def open(cls, folder: str | Path, *, read_only: bool = False) -> Self:
        """Open a project.

        Parameters
        ----------
        folder : path
            Its folder.
        read_only : bool
            Look at it although it is open elsewhere; nothing can be said.

        Raises
        ------
        ProjectError
            If it is none, or of a newer version.
        ProjectLockedError
            If it is open elsewhere, or cannot be written to.
        """
        place = Path(folder)
        found = document.read(place)
        return cls(place, found, lock=None if read_only else _locked(place))

    def close(self) -> None:
        """Let others open the project."""
        if self._lock is not None:
            self._lock.release()
        self.read_only = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def caches(self) -> Path:
        """Folder of what can be computed again."""
        return self.folder / "caches"

    @property
    def results(self) -> Path:
        """Folder of what comes out: weights, tables."""
        return self.folder / "results"

    @property
    def seed(self) -> int:
        """Decides which cells are the random ones."""
        return self._document.seed

    @property
    def classes(self) -> ClassSet:
        """The classes."""
        return self._document.class_set

    def add_class(self, name: str, colour: str | None = None, key: str | None = None) -> None:
        """Add a class; see `ClassSet.add`."""
        self._write(self._document.with_classes(self.classes.add(name, colour, key)))

    def change_class(self, name: str, /, **changes: Any) -> None:
        """Give a class another `name`, `colour` or `key`; its labels follow."""
        self._write(self._document.with_classes(self.classes.change(name, **changes)))

    def remove_class(self, name: str) -> None:
        """Remove a class that no cell has.

        Raises
        ------
        RecipeError
            If there is no such class, or cells are labelled with it.
        """
        id_ = self.classes.named(name).id
        used = sum(decision.class_id == id_ for decision in self.decisions.labels.values())
        if used:
            cells = counted(used, "cell is", "cells are")
            raise RecipeError(f"{cells} labelled {name!r}: give them another class first.")
        self._write(self._document.with_classes(self.classes.remove(name)))

    @property
    def images(self) -> tuple[ImageEntry, ...]:
        """All images whose cells were ever taught."""
        return self._document.images

    def remember_images(self, images: Iterable[TaughtImage]) -> None:
        """Note where images are; one that is known by its fingerprint and has moved gets its new place."""
        changed = self._document
        known = {each.fingerprint: each for each in self.images}
        for image in images:
            entry, before = ImageEntry.of(image, self.folder), known.get(image.fingerprint)
            if not entry.path and before is not None:  # a layer, of which a file is known
                entry = entry.model_copy(update={"path": before.path})
            changed = changed.with_image(entry)
        if changed != self._document:
            self._write(changed)

    def keep_image(self, image: TaughtImage, path: Path) -> None:
        """Note the file in the project's folder to which an image was written that was none."""
        entry = ImageEntry.of(image, self.folder)
        relative = path.relative_to(self.folder).as_posix()
        self._write(self._document.with_image(entry.model_copy(update={"path": relative})))

    def path_of(self, fingerprint: str) -> Path | None:
        """Return where the file of an image is now; None if it is not found, or there never was one."""
        entry = next((each for each in self.images if each.fingerprint == fingerprint), None)
        return None if entry is None else entry.located(self.folder)

    @property
    def missing_images(self) -> tuple[ImageEntry, ...]:
        """The images whose files are not where they were, nor beside the project."""
        return tuple(each for each in self.images if each.path and each.located(self.folder) is None)

    @property
    def weights(self) -> WeightsEntry | None:
        """The weights that embed the cells; None: not chosen yet."""
        return self._document.weights

    def remember_weights(self, name: str, sha256: str) -> None:
        """Note which weights embed the cells."""
        entry = WeightsEntry(name=name, sha256=sha256)
        if entry != self.weights:
            self._write(self._document.model_copy(update={"weights": entry}))

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Write down what a person said of one or more cells at once: one step, which undo takes back as one."""
        if decisions:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            who = self.observer
            self._append(tuple(replace(e, time=e.time or now, observer=e.observer or who) for e in decisions))

    def undo(self) -> tuple[Decision, ...]:
        """Take the last step back, and return it; () where there is none."""
        return self._append("undo") if self.decisions.done else ()

    def redo(self) -> tuple[Decision, ...]:
        """Make the step again that was taken back last, and return it; () where there is none."""
        return self._append("redo") if self.decisions.undone else ()

    @property
    def _journal(self) -> Path:
        return self.folder / JOURNAL

    def _append(self, entry: tuple[Decision, ...] | Literal["undo", "redo"]) -> tuple[Decision, ...]:
        self._refuse_if_read_only()
        written: Entry = entry
        journal.append(self._journal, written)
        step = self.decisions.add(written)
        self._bring_classes_back()
        return step

    def _write(self, changed: Document) -> None:
        self._refuse_if_read_only()
        document.write(changed, self.folder)
        self._document = changed

    def _refuse_if_read_only(self) -> None:
        if self.read_only:
            raise ProjectError(f"The project {self.folder} is open to be looked at only: nothing can be changed.")

    def _bring_classes_back(self) -> list[str]:
        """Give labels whose class is gone their class again, by the name that it had; return a sentence for each."""
        notes = []
        known = {*self.classes.ids}
        for decision in self.decisions.labels.values():
            if decision.class_id in known:
                continue
            known.add(decision.class_id)
            classes = self.classes
            name = decision.class_name or decision.class_id
            if name in classes.names:
                name = f"{name} ({decision.class_id})"
            revived = classes.add(name)
            last = replace(revived.classes[-1], id=decision.class_id)
            number = int(decision.class_id[1:]) if decision.class_id[1:].isdigit() else 0
            made = max(classes.made, number)
            changed = self._document.with_classes(ClassSet((*classes.classes, last), made))
            if self.read_only:
                self._document = changed
            else:
                self._write(changed)
            notes.append(f"Cells are labelled {name!r}, which was no class any more; it is one again.")
        return notes


def _locked(folder: Path) -> FileLock:
    """Return the lock of a folder, which ends with the process that holds it."""
    lock = FileLock(folder / _LOCK, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise ProjectLockedError(
            f"The project {folder} is open in another window; close it there, or look only."
        ) from error
    except OSError as error:
        raise ProjectLockedError(f"The project {folder} cannot be written to: {error.strerror}.") from error
    return lock
