"""Many images: each is kept as it is found, none ends the rest, and a stopped run goes on."""

import errno
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from napari_hemalens.errors import DeviceError, ImageError, RecipeError, WeightsError
from napari_hemalens.formats.tables import read_rows
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.reports.detections import FAILED
from napari_hemalens.workflows.batch import BatchInProgress, Parts
from napari_hemalens.workflows.results_folder import RunIdentity

RUN = RunIdentity("detect", {"tile": 512}, {"lite": "f00"}, (), ())
Find = Callable[[int], Steps[Parts]]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"{name}.png" for name in "abc"]
    for file in files:
        file.write_text(file.name)
    return files


def batch(files: Sequence[Path], run: RunIdentity = RUN) -> BatchInProgress:
    return BatchInProgress(files, [file.stem for file in files], files[0].parent / "out", run)


def finder(fails: dict[int, BaseException] | None = None, *, asked: list[int] | None = None, tiles: int = 1) -> Find:
    """Find one cell in each image, or fail."""

    def find(i: int) -> Steps[Parts]:
        if asked is not None:
            asked.append(i)
        for tile in range(tiles):
            yield Progress(tile + 1, tiles)
        if fails and i in fails:
            raise fails[i]
        return {"cells": [i]}

    return find


def look(of: BatchInProgress, find: Find, endings: Sequence[str] = ()) -> list[str]:
    return [step.message for step in of.find_steps(find, lambda i: (of.files[i],), endings)]


def test_the_same_run_looks_only_at_images_that_are_not_done(files: list[Path]) -> None:
    first, asked = batch(files), []
    steps = first.find_steps(finder(), lambda i: (files[i],))
    assert [next(steps).done, next(steps).done] == [1, 2]
    steps.close()
    assert first.left == (str(files[2]),)
    again = batch(files)
    assert look(again, finder(asked=asked)) == [
        "a.png: 1 cell, found before",
        "b.png: 1 cell, found before",
        "c.png: 1 cell",
    ]
    assert (asked, again.kept, again.left) == ([2], {0, 1}, ())
    assert again.column("cells") == ((0,), (1,), [2])


@pytest.mark.parametrize(
    "other", [{"command": "explain"}, {"options": {"tile": 256}}, {"weights": {"lite": "bar"}}, {"hemalens": "9"}]
)
def test_another_run_looks_at_all_images(files: list[Path], other: dict[str, Any]) -> None:
    look(batch(files), finder())
    asked: list[int] = []
    look(batch(files, replace(RUN, **other)), finder(asked=asked))
    assert asked == [0, 1, 2]


def test_an_image_that_changed_or_lost_a_file_is_looked_at_again(files: list[Path]) -> None:
    first = batch(files)
    look(first, finder())
    for i in (0, 2):
        first.target(i, ".labels.tif").write_text("labels")
    files[0].write_text("other")
    asked: list[int] = []
    look(batch(files), finder(asked=asked), [".labels.tif"])
    assert asked == [0, 1]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ImageError("Cannot read a.png: no."), "Cannot read a.png: no."),
        (ZeroDivisionError("by zero"), "a.png, by a fault of HemaLens: ZeroDivisionError: by zero. Please report it."),
        (OSError(errno.EIO, "Input/output error"), "a.png: Input/output error."),
        (OSError(errno.ENAMETOOLONG, "File name too long"), "a.png: File name too long."),
        (MemoryError(), "a.png: it does not fit into memory."),
        (DeviceError("No memory left on cuda."), "No memory left on cuda."),
    ],
)
def test_one_bad_image_never_ends_the_rest(files: list[Path], error: Exception, reason: str) -> None:
    if isinstance(error, OSError):
        error = type(error)(error.errno, error.strerror)
    of = batch(files)
    assert look(of, finder({0: error}))[0] == "a.png: not done"
    assert list(of.failed) == [str(files[0])]
    assert of.failed[str(files[0])].endswith(reason)
    assert (sorted(of.found), of.left) == ([1, 2], ())


def test_what_comes_before_the_first_tile_is_told(files: list[Path]) -> None:
    def find(_: int) -> Steps[Parts]:
        yield Progress(0, 0, "preparing weights")
        yield Progress(1, 1)
        return {"cells": [1]}

    assert look(batch(files[:1]), find) == ["a.png: preparing weights", "a.png: 1 cell"]


def test_an_image_that_is_gone_fails_alone(files: list[Path]) -> None:
    files[1].unlink()
    of = batch(files)
    look(of, finder())
    assert (list(of.failed), sorted(of.found)) == ([str(files[1])], [0, 2])


@pytest.mark.parametrize("error", [WeightsError("Other weights."), RecipeError("No such option.")])
def test_what_would_fail_for_all_images_ends_the_run(files: list[Path], error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        look(batch(files), finder({1: error}))


def test_a_disk_that_fills_up_ends_the_run_with_a_sentence(files: list[Path]) -> None:
    of = batch(files)
    with pytest.raises(RecipeError, match=r"Cannot write to .*out: No space left.*goes on from here"):
        look(of, finder({1: OSError(errno.ENOSPC, "No space left on device")}))
    assert (sorted(of.found), of.left) == ([0], (str(files[1]), str(files[2])))


def test_failures_stand_in_a_table_until_the_image_is_looked_at(files: list[Path]) -> None:
    of = batch(files)
    look(of, finder({0: ImageError("Cannot read a.png: no.")}))
    of.write_run((), {})
    (line,) = read_rows(of.out / FAILED, ("image", "reason"), "failures")
    assert line == {"image": str(files[0]), "reason": "Cannot read a.png: no."}
    again = batch(files)
    look(again, finder())
    again.write_run((), {})
    assert not (of.out / FAILED).exists()


def test_images_of_many_tiles_tell_of_each(files: list[Path]) -> None:
    of = batch(files[:2])
    said = [*of.find_steps(finder(tiles=20), lambda i: (files[i],))]
    assert [step.message for step in said[21:23]] == ["b.png: 1 of 20", "b.png: 2 of 20"]
    assert [step.share for step in said] == pytest.approx(
        [tile / 40 for k in (0, 20) for tile in [*range(k + 1, k + 21), k + 20]]
    )
    assert len(said) == 42
    again = [*batch(files[:2]).find_steps(finder(), lambda i: (files[i],))]
    assert [(step.reused, step.share) for step in again] == [(True, 0.5), (True, 1.0)]
    assert not any(step.reused for step in said)


def test_a_picture_that_fails_costs_nothing_else(files: list[Path]) -> None:
    of = batch(files)
    look(of, finder())
    drawn: list[int] = []

    def draw(i: int, parts: Parts) -> None:
        if i == 0:
            raise MemoryError
        drawn.append(i)

    finish(of.draw_steps(draw, ".png"))
    assert (drawn, len(of.found), of.failed) == ([1, 2], 3, {})
    assert of.unpictured == {str(files[0]): f"Cannot draw {files[0]}: it does not fit into memory."}


def test_only_pictures_that_are_missing_are_drawn_again(files: list[Path]) -> None:
    look(batch(files), finder())
    again = batch(files)
    look(again, finder())
    again.target(1, ".png").write_text("drawn")
    drawn: list[int] = []
    finish(again.draw_steps(lambda i, _: drawn.append(i), ".png"))
    assert drawn == [0, 2]
