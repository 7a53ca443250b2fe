"""The folder of a run's results: looked at before the first image, held by one run at a time, never another's."""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from napari_hemalens._version import __version__
from napari_hemalens.atomic import writing
from napari_hemalens.errors import RecipeError

RECORDS = "records"
"""Subfolder for the record of each image, and for what the run is (`run.json`)."""

_SPACE = 64 << 20  # bytes: a large picture takes half of it
_FIXED = ("data.yaml", "classes.txt")  # beside the files of images, in folders of annotations


@dataclass(frozen=True, slots=True)
class ResultsFolder:
    """Where results go.

    Attributes
    ----------
    path : Path
        The folder; made if missing.
    replace : bool
        Whether results of another run in it are deleted first; else they are refused.
    may_change : frozenset of str
        Paths of images of an earlier run that may be missing now, or have another stem. What was found in them stays
        in the records, and tables are written without them.
    """

    path: Path
    replace: bool = False
    may_change: frozenset[str] = frozenset()

    @classmethod
    def of(cls, out: "Path | ResultsFolder") -> "ResultsFolder":
        """Return a path as a folder whose results stay."""
        return out if isinstance(out, ResultsFolder) else cls(out)


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What makes a run the same as an earlier one, but for images that come to it.

    Attributes
    ----------
    command : str
        Such as 'detect'.
    options : mapping
        As plain values.
    weights : mapping of str to str
        The hash over weights and model card, by name.
    images : tuple of (str, str)
        Path and stem of each image.
    files : tuple of str
        What the run may write, relative to the folder: files, or folders of files called after the stems.
    hemalens : str
        The version.
    """

    command: str
    options: Mapping[str, Any]
    weights: Mapping[str, str]
    images: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    hemalens: str = __version__

    def difference(self, earlier: Mapping[str, Any], may_change: Collection[str] = ()) -> str | None:
        """Return in what an earlier run differs; None where this one can go on from it."""
        for what in ("hemalens", "command"):
            if earlier[what] != getattr(self, what):
                return f"{what} {earlier[what]}"
        for mine, its in ((self._plain("options"), earlier["options"]), (dict(self.weights), earlier["weights"])):
            other = [name for name in (*its, *mine) if its.get(name) != mine.get(name)]
            if other:
                return f"{other[0]} {its.get(other[0])}, not {mine.get(other[0])}"
        gone = {tuple(image) for image in earlier["images"] if image[0] not in may_change} - set(self.images)
        return f"other images, such as {min(gone)[0]}" if gone else None

    def _plain(self, name: str) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads(json.dumps(getattr(self, name), default=str))
        return plain


@contextmanager
def hold_folder(out: ResultsFolder, run: RunIdentity) -> Iterator[None]:
    """Hold a folder for a run.

    Raises
    ------
    RecipeError
        If it cannot be written to, another run writes to it, or it holds what this run would replace.
    """
    try:
        _check_earlier(out, run)
        (out.path / RECORDS).mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(out.path).free
        lock = FileLock(out.path / RECORDS / ".lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise RecipeError(f"Another run writes to {out.path}: wait for its end, or choose another folder.") from None
    except OSError as error:
        raise RecipeError(f"Cannot write results to {out.path}: {error.strerror or error}.") from error
    try:
        if free < _SPACE:
            raise RecipeError(
                f"Cannot write results to {out.path}: {free >> 20:,} MiB are free of {_SPACE >> 20} needed."
            )
        _settle(out, run)
        yield
    finally:
        lock.release()


def _check_earlier(out: ResultsFolder, run: RunIdentity) -> Mapping[str, Any] | None:
    """Return the earlier run of a folder, after a check that nothing of a person's would be replaced."""
    if out.path.exists() and not out.path.is_dir():
        raise RecipeError(f"Cannot write results to {out.path}: it is a file; choose a folder.")
    earlier = _read(out.path / RECORDS / "run.json")
    written = set(earlier["files"]) if earlier else set()
    for name in run.files:
        if name not in written and (out.path / name).exists():
            raise RecipeError(
                f"{out.path / name} was there before this run, which would replace it; choose another folder."
            )
    if earlier is None:
        return None
    if any("corrections" in image for image in (_read(out.path / "run.json") or {}).get("images", ())):
        raise RecipeError(f"{out.path} holds corrections that a person saved; choose another folder.")
    difference = run.difference(earlier, out.may_change)
    found_anything = any((out.path / RECORDS).rglob("*.npz"))
    if difference is not None and found_anything and not out.replace:
        raise RecipeError(
            f"{out.path} holds the results of another run ({difference}): choose another folder, or give --replace "
            "to delete them first."
        )
    return earlier


def _settle(out: ResultsFolder, run: RunIdentity) -> None:
    """Delete another run's results, and write down whose they are from now on."""
    earlier = _check_earlier(out, run)
    if earlier is not None and run.difference(earlier, out.may_change) is not None:
        stems = [Path(stem).name for _, stem in earlier["images"]]
        for name in earlier["files"]:
            _delete(out.path / name, stems)
        for record in (out.path / RECORDS).rglob("*.npz"):
            record.unlink()
        earlier = None
    files = sorted({*run.files, *(earlier["files"] if earlier else ())})
    with writing(out.path / RECORDS / "run.json") as temporary:
        temporary.write_text(json.dumps(asdict(run) | {"files": files}, indent=1, default=str), encoding="utf-8")


def _delete(path: Path, stems: Sequence[str]) -> None:
    """Delete a file or an image, or from a folder what is called after one; other files in it are a person's."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    if path.suffix == ".zarr":
        shutil.rmtree(path)
        return
    for file in [each for each in path.rglob("*") if each.is_file()]:
        if file.stem in stems or file.name in _FIXED:
            file.unlink()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no earlier run, or nothing that this one could go on from
        return None
    return found if isinstance(found, dict) else None
