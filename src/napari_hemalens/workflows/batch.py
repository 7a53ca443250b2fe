"""Many images, one after the other: each kept as it is found, none that ends the rest, gone on with after a stop."""

import errno
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from napari_hemalens.errors import RecipeError
from napari_hemalens.formats.content_hash import content_hash
from napari_hemalens.formats.naming import Record, file_stems
from napari_hemalens.formats.record_files import read_record, write_record
from napari_hemalens.progress import Progress, Steps, counted
from napari_hemalens.reports.detections import FAILED, write_failed, write_run
from napari_hemalens.workflows.failures import DAMAGE, OF_ALL, sentence_of
from napari_hemalens.workflows.results_folder import RECORDS, ResultsFolder, RunIdentity

T = TypeVar("T")

_NO_PLACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_MANY = 16  # tiles from which an image takes long enough that each is told of

Parts = Mapping[str, Any]
"""What is kept of an image: see `formats.record_files`."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """What became of a number of image files.

    Attributes
    ----------
    fields : tuple
        The images that were read: a record of the cells of each.
    failed : mapping of str to str
        The others, with the reason.
    unpictured : mapping of str to str
        Images whose cells were found, but whose picture could not be drawn, with the reason.
    kept : int
        How many of the fields an earlier run had found.
    """

    fields: tuple[T, ...]
    failed: Mapping[str, str]
    unpictured: Mapping[str, str] = field(default_factory=dict)
    kept: int = 0


def start_batch(
    files: Sequence[Path], folder: ResultsFolder, run: RunIdentity, *, endings: Sequence[str], tables: Sequence[str]
) -> "BatchInProgress":
    """Return a batch of which nothing is done.

    Parameters
    ----------
    files : sequence of Path
        The images.
    folder : ResultsFolder
        Where results go.
    run : RunIdentity
        Command, options and weights; images and files are filled in.
    endings : sequence of str
        Of the files that may be written for an image.
    tables : sequence of str
        The other files.
    """
    stems = file_stems([str(file) for file in files])
    images = tuple(zip(map(str, files), stems, strict=True))
    written = (*tables, FAILED, *(f"{stem}{ending}" for stem in stems for ending in endings))
    return BatchInProgress(files, stems, folder.path, replace(run, images=images, files=written))


@dataclass(slots=True)
class BatchInProgress:
    """The images of a run, and what is known of them so far.

    Attributes
    ----------
    files, stems : sequence of Path, sequence of str
        The images, and what the files written for each are called.
    out : Path
        The folder.
    run : RunIdentity
        What the run is; a record of another run counts for nothing.
    found : dict of int to mapping
        What was found, by the index of the image.
    failed, unpictured : dict of str to str
        As in `Batch`.
    kept : set of int
        Images that an earlier run had looked at.
    keys : dict of int to str
        A hash over all that the result of an image depends on.
    """

    files: Sequence[Path]
    stems: Sequence[str]
    out: Path
    run: RunIdentity
    found: dict[int, Parts] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    unpictured: dict[str, str] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    keys: dict[int, str] = field(default_factory=dict)

    @property
    def left(self) -> tuple[str, ...]:
        """The images that were not looked at."""
        return tuple(
            str(file) for i, file in enumerate(self.files) if i not in self.found and str(file) not in self.failed
        )

    def only(self, i: int) -> "BatchInProgress":
        """Return one image as a batch, of which nothing is done and nothing else is known; small enough to travel."""
        run = replace(self.run, options={}, images=(), files=())
        return BatchInProgress(self.files[i : i + 1], self.stems[i : i + 1], self.out, run)

    def column(self, name: str) -> tuple[Any, ...]:
        """Return one part of every image that was found, in their order."""
        return tuple(self.found[i][name] for i in sorted(self.found))

    def target(self, i: int, ending: str) -> Path:
        """Return where a file of an image is written."""
        return self.out / f"{self.stems[i]}{ending}"

    def find_steps(
        self,
        find: Callable[[int], Steps[Parts]],
        inputs: Callable[[int], Sequence[Path]],
        endings: Sequence[str] = (),
    ) -> Steps[None]:
        """Look at each image in turn; yields after each, and within one of many tiles.

        Parameters
        ----------
        find : callable
            Takes the index of an image; steps that return what is found. 'cells' among it has a length.
        inputs : callable
            Takes the index; returns the files that the result depends on.
        endings : sequence of str
            Endings of files that `find` writes: where one is gone, the image is looked at again.

        Raises
        ------
        HemaLensError
            If weights or options cannot be used, or the disk is full: no other image would fare better.
        """
        for i in range(len(self.files)):
            try:
                if not self.take_over(i, inputs(i), endings):
                    self.keep(i, (yield from self._tell_steps(find(i), i)))
            except DAMAGE as error:
                self.fail(i, error)
            yield Progress(i + 1, len(self.files), self.message(i), reused=i in self.kept)

    def take_over(self, i: int, inputs: Sequence[Path], endings: Sequence[str] = ()) -> bool:
        """Take what an earlier run found in an image, unless a file it depends on has changed; return whether it did.

        `inputs` and `endings` are as for `find_steps`.
        """
        self.keys[i] = self._key(inputs)
        there = all(self.target(i, ending).exists() for ending in endings)
        before = read_record(self._record(i), key=self.keys[i]) if there else None
        if before is None:
            return False
        self.found[i] = before
        self.kept.add(i)
        return True

    def keep(self, i: int, parts: Parts) -> None:
        """Write down what was found in an image that nothing was taken over for."""
        write_record(parts, self._record(i), key=self.keys[i])
        self.found[i] = parts

    def fail(self, i: int, error: Exception) -> None:
        """Take note of why an image could not be looked at; see `find_steps` for what is raised."""
        self.failed[str(self.files[i])] = self._reason(error, self.files[i])

    def message(self, i: int) -> str:
        """Return what became of an image, in a few words."""
        if i not in self.found:
            return f"{self.files[i].name}: not done"
        before = ", found before" * (i in self.kept)
        return f"{self.files[i].name}: {counted(len(self.found[i]['cells']), 'cell')}{before}"

    def draw_steps(self, draw: Callable[[int, Parts], None], ending: str) -> Steps[None]:
        """Draw a picture of each image whose cells were found, unless it is there; yields after each.

        It comes after the tables, and one that fails costs nothing else.
        """
        for done, (i, parts) in enumerate(sorted(self.found.items()), start=1):
            if i in self.kept and self.target(i, ending).exists():
                continue
            with self.drawing(i):
                draw(i, parts)
            yield Progress(done, len(self.found), f"{self.files[i].name}: drawn")

    @contextmanager
    def drawing(self, i: int) -> Iterator[None]:
        """Take note of a picture of an image that could not be drawn in the block."""
        try:
            yield
        except DAMAGE as error:
            self.unpictured[str(self.files[i])] = self._reason(error, self.files[i], "Cannot draw")

    def write_run(self, fields: Sequence[Record], options: Mapping[str, Any]) -> None:
        """Write `run.json`, with the images that failed or were not looked at; `failed.csv`, if any failed."""
        write_run(fields, options, self.out / "run.json", failed=self.failed, left=self.left)
        if self.failed:
            write_failed(self.failed, self.out / FAILED)
        else:
            (self.out / FAILED).unlink(missing_ok=True)  # of an earlier run of the same images

    def _tell_steps(self, steps: Steps[Parts], i: int) -> Steps[Parts]:
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                parts: Parts = end.value
                return parts
            if step.total >= _MANY:
                message = f"{self.files[i].name}: {step.done:,} of {step.total:,}"
                yield Progress(i, len(self.files), message, at=(i + step.share) / len(self.files))
            elif not step.total:  # before the first tile, such as what is done once for weights
                yield Progress(i, len(self.files), f"{self.files[i].name}: {step.message}")

    def _record(self, i: int) -> Path:
        return self.out / RECORDS / f"{self.stems[i]}.npz"

    def _key(self, inputs: Sequence[Path]) -> str:
        run = {name: value for name, value in asdict(self.run).items() if name not in {"images", "files"}}
        text = json.dumps([run, content_hash(inputs)], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def _reason(self, error: Exception, file: Path, what: str = "Cannot look at") -> str:
        if isinstance(error, OF_ALL):
            raise error
        if isinstance(error, OSError) and error.errno in _NO_PLACE:
            raise RecipeError(
                f"Cannot write to {self.out}: {error.strerror}. The same command goes on from here once there is room."
            ) from error
        return sentence_of(error, file, what)
