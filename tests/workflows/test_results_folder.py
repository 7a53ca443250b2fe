"""Results have a folder of their own: one run at a time, nothing of a person's or another run's replaced."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.workflows import results_folder
from napari_hemalens.workflows.results_folder import RECORDS, ResultsFolder, RunIdentity, hold_folder

RUN = RunIdentity(
    command="detect",
    options={"score_threshold": 0.5, "shape": (1, 2)},
    weights={"lite": "f00"},
    images=(("in/a.png", "a"), ("in/b.png", "b")),
    files=("cells.csv", "run.json", "voc", "a.overlay.png", "b.overlay.png"),
)


def results(folder: Path, run: RunIdentity = RUN) -> None:
    """Leave the results of a run."""
    with hold_folder(ResultsFolder(folder), run):
        (folder / "voc").mkdir(exist_ok=True)
        for name in ("cells.csv", "a.overlay.png", "b.overlay.png", "voc/a.xml", f"{RECORDS}/a.npz"):
            (folder / name).write_text(run.command)
        (folder / "run.json").write_text("{}")


def test_the_same_run_goes_on_and_images_may_come_to_it(tmp_path: Path) -> None:
    results(tmp_path)
    results(tmp_path)
    results(tmp_path, replace(RUN, images=(*RUN.images, ("in/c.png", "c"))))
    assert (tmp_path / RECORDS / "a.npz").exists()


def test_images_that_may_change_leave_a_run_or_get_another_stem(tmp_path: Path) -> None:
    results(tmp_path)
    fewer = replace(RUN, images=(("in/b.png", "in/b"),))
    with hold_folder(ResultsFolder(tmp_path, may_change=frozenset(["in/a.png", "in/b.png"])), fewer):
        assert (tmp_path / RECORDS / "a.npz").exists()
    with hold_folder(ResultsFolder(tmp_path), fewer):
        pass
    with (
        pytest.raises(RecipeError, match=r"\(other images, such as in/b.png\)"),
        hold_folder(ResultsFolder(tmp_path, may_change=frozenset(["in/a.png"])), replace(RUN, images=())),
    ):
        pass


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"command": "classify"}, "command detect"),
        ({"options": {"score_threshold": 0.6, "shape": (1, 2)}}, "score_threshold 0.5, not 0.6"),
        ({"weights": {"lite": "bar"}}, "lite f00, not bar"),
        ({"weights": {"robust": "f00"}}, "lite f00, not None"),
        ({"hemalens": "9.9"}, "hemalens "),
        ({"images": RUN.images[1:]}, "other images, such as in/a.png"),
    ],
)
def test_results_of_another_run_are_named_and_stay(tmp_path: Path, other: dict[str, Any], why: str) -> None:
    results(tmp_path)
    with (
        pytest.raises(RecipeError, match=rf"holds the results of another run \({why}.*--replace"),
        hold_folder(ResultsFolder(tmp_path), replace(RUN, **other)),
    ):
        pass
    assert (tmp_path / "cells.csv").read_text() == "detect"


def test_another_run_that_found_nothing_is_in_nobodys_way(tmp_path: Path) -> None:
    with hold_folder(ResultsFolder(tmp_path), RUN):
        (tmp_path / "run.json").write_text("{}")
    with hold_folder(ResultsFolder(tmp_path), replace(RUN, options={})):
        assert not (tmp_path / "run.json").exists()


def test_results_of_another_run_are_replaced_whole_if_asked_for(tmp_path: Path) -> None:
    results(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "voc" / "mine.xml").write_text("mine")
    with hold_folder(ResultsFolder(tmp_path, replace=True), replace(RUN, command="classify")):
        left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left - {f"{RECORDS}/.lock"} == {"mine.txt", "voc/mine.xml", f"{RECORDS}/run.json"}


def test_an_image_that_a_run_copied_goes_as_a_whole(tmp_path: Path) -> None:
    run = replace(RUN, files=(*RUN.files, "a.ome.zarr"))
    results(tmp_path, run)
    (tmp_path / "a.ome.zarr" / "0").mkdir(parents=True)
    (tmp_path / "a.ome.zarr" / "0" / ".zarray").touch()
    with hold_folder(ResultsFolder(tmp_path, replace=True), replace(RUN, command="classify")):
        assert not (tmp_path / "a.ome.zarr").exists()


@pytest.mark.parametrize("name", ["cells.csv", "voc", "a.overlay.png"])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_no_run_wrote_is_never_replaced(tmp_path: Path, name: str, replaced: bool) -> None:
    (tmp_path / name).write_text("mine")
    with (
        pytest.raises(RecipeError, match=rf"{name} was there before this run, which would replace it"),
        hold_folder(ResultsFolder(tmp_path, replaced), RUN),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_a_person_corrected_is_not_replaced(tmp_path: Path) -> None:
    results(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"images": [{"image": "a", "corrections": {}}]}))
    with (
        pytest.raises(RecipeError, match="holds corrections that a person saved"),
        hold_folder(ResultsFolder(tmp_path, replace=True), RUN),
    ):
        pass


def test_a_second_run_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    with hold_folder(ResultsFolder(tmp_path), RUN):
        with (
            pytest.raises(RecipeError, match="Another run writes to"),
            hold_folder(ResultsFolder(tmp_path), RUN),
        ):
            pass
        with pytest.raises(RecipeError, match="Another run writes to"), hold_folder(ResultsFolder(tmp_path), RUN):
            pass  # the first refusal did not free it
    results(tmp_path)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    outs = {
        "file": "it is a file",
        "file/in": "Cannot write results to",
        "o" * 300: "Cannot write results to .*too long",
    }
    for out, why in ((tmp_path / name, why) for name, why in outs.items()):
        with pytest.raises(RecipeError, match=why), hold_folder(ResultsFolder(out), RUN):
            pass


def test_a_full_disk_is_told_of_before_the_first_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(results_folder.shutil, "disk_usage", lambda _: usage._replace(free=5 << 20))
    with pytest.raises(RecipeError, match="5 MiB are free of 64 needed"), hold_folder(ResultsFolder(tmp_path), RUN):
        pass
    monkeypatch.undo()
    results(tmp_path)  # the lock was let go
