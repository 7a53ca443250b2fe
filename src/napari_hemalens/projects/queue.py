"""The queue of a project, `queue.json`: runs over its slides, one after the other, with what became of each.

What was found lies in the results of each run, image by image; here is only which runs there are. A run that was
stopped, by a person or a power cut, still waits.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from napari_hemalens.atomic import writing
from napari_hemalens.errors import ProjectError

FILE = "queue.json"
VERSION = 1
"""Of the format that is written. A change that older versions would misread raises it."""

Operation: TypeAlias = Literal["detect", "classify", "explain"]
RunState: TypeAlias = Literal["waiting", "done", "failed"]

_CHANGE_LOCK, _RUN_LOCK = ".queue.lock", ".queue-runs.lock"
_PATIENCE = 10  # seconds: a change takes milliseconds


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class QueuedRun(_Part):
    """An operation over slides of the project.

    Attributes
    ----------
    name : str
        Such as 'detect-1'; also of the folder of its results.
    operation : {'detect', 'classify', 'explain'}
        What is done.
    recipe : mapping
        Its options, as plain values.
    methods : tuple of str
        Of heatmaps, if any are named.
    slides : tuple of str
        Paths as in `slides.csv`.
    removed : tuple of str
        Slides that it had, and that are no longer in `slides.csv`; its results may hold them still.
    state : {'waiting', 'done', 'failed'}
        Whether it is to be run; 'failed' if no slide could be.
    reason : str
        Why it failed.
    """

    name: str
    operation: Operation
    recipe: dict[str, Any]
    methods: tuple[str, ...] = ()
    slides: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    state: RunState = "waiting"
    reason: str = ""

    def results(self, folder: Path) -> Path:
        """Return where results go in a project's folder."""
        return folder / "results" / self.name

    def over(self, slides: Sequence[str]) -> "QueuedRun":
        """Return the run over other slides, aware of those that are no longer among them."""
        gone = tuple(path for path in dict.fromkeys((*self.removed, *self.slides)) if path not in slides)
        return self.model_copy(update={"slides": tuple(slides), "removed": gone})


class Queue(_Part):
    """All runs of a project, in their order."""

    format: Literal["hemalens-queue"] = "hemalens-queue"
    version: int = VERSION
    runs: tuple[QueuedRun, ...] = ()

    def named(self, name: str) -> QueuedRun:
        """Return a run by its name.

        Raises
        ------
        ProjectError
            If there is none.
        """
        found = next((run for run in self.runs if run.name == name), None)
        if found is None:
            raise ProjectError(f"No run {name!r}. Known: {', '.join(run.name for run in self.runs) or 'none'}.")
        return found

    def with_run(self, run: QueuedRun) -> "Queue":
        """Return the queue with a run: in place of the one of its name, else at the end."""
        known = {each.name: each for each in self.runs} | {run.name: run}
        return self.model_copy(update={"runs": tuple(known.values())})

    def without(self, name: str) -> "Queue":
        """Return the queue without a run; its results stay."""
        gone = self.named(name)
        return self.model_copy(update={"runs": tuple(run for run in self.runs if run is not gone)})


def read(folder: Path) -> Queue:
    """Return the queue of a project; it may be empty.

    Raises
    ------
    ProjectError
        If the file is damaged, or of a newer version.
    """
    file = folder / FILE
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Queue()
    except (OSError, ValueError) as error:
        raise ProjectError(f"Cannot read {file}: {error}. Move it away to begin a new queue.") from error
    version = found.get("version") if isinstance(found, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise ProjectError(
            f"The queue of {folder} was written by a newer HemaLens (format {version}; this knows {VERSION}): update."
        )
    try:
        return Queue.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ProjectError(f"{file} does not describe a queue: {where or 'file'}: {first['msg']}.") from error


def change(folder: Path, how: Callable[[Queue], Queue]) -> Queue:
    """Change the queue of a project as it is now, which a run elsewhere may be changing too; return it.

    Raises
    ------
    ProjectError
        If it cannot be read or written.
    """
    try:
        with FileLock(folder / _CHANGE_LOCK, timeout=_PATIENCE):
            changed = how(read(folder))
            with writing(folder / FILE) as temporary:
                temporary.write_text(changed.model_dump_json(indent=1) + "\n", encoding="utf-8")
            return changed
    except (OSError, Timeout) as error:
        reason = getattr(error, "strerror", None) or error
        raise ProjectError(f"The queue of {folder} could not be written: {reason}.") from error


def add(folder: Path, asked: QueuedRun, in_table: Collection[str]) -> QueuedRun:
    """Add a run to the queue of a project, and return it with its name.

    The same operation with the same options over the same slides and more goes on in the folder of the earlier run:
    what was found stays, and slides that could not be read are looked at again. One that failed is left alone.

    Parameters
    ----------
    folder : Path
        Of the project.
    asked : QueuedRun
        The run; its name is of no account.
    in_table : collection of str
        The slides of the project. Those of an earlier run that are not among them need not be asked for.
    """
    added: list[QueuedRun] = []

    def with_it(queue: Queue) -> Queue:
        earlier = next((run for run in queue.runs if _continues(asked, run, in_table)), None)
        if earlier is None:
            added.append(asked.model_copy(update={"name": _free_name(folder, asked.operation, queue)}))
        else:
            added.append(earlier.over(asked.slides).model_copy(update={"state": asked.state, "reason": ""}))
        return queue.with_run(added[-1])

    change(folder, with_it)
    return added[-1]


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the queue of a project while its runs are run.

    Raises
    ------
    ProjectError
        If another process runs them, or the folder cannot be written to.
    """
    lock = FileLock(folder / _RUN_LOCK, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise ProjectError(f"The queue of {folder} is run elsewhere: wait for its end, or stop it there.") from None
    except OSError as error:
        raise ProjectError(f"The queue of {folder} cannot be run: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


def _continues(asked: QueuedRun, earlier: QueuedRun, in_table: Collection[str]) -> bool:
    same = (asked.operation, asked.recipe, asked.methods) == (earlier.operation, earlier.recipe, earlier.methods)
    left = set(earlier.slides) & set(in_table)
    return same and earlier.state != "failed" and bool(left) and left <= set(asked.slides)


def _free_name(folder: Path, operation: Operation, queue: Queue) -> str:
    """Return a name that neither a run nor a folder of results has."""
    results = folder / "results"
    there = [run.name for run in queue.runs] + ([each.name for each in results.iterdir()] if results.is_dir() else [])
    numbers = [int(found[1]) for name in there if (found := re.fullmatch(rf"{operation}-(\d+)", name))]
    return f"{operation}-{max(numbers, default=0) + 1}"
