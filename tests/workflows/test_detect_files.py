"""Cells of many image files: kept, counted, gone on with."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.formats import read_annotations
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import Steps, finish
from napari_hemalens.records.detections import Detections
from napari_hemalens.workflows import detect_files
from napari_hemalens.workflows.batch import Batch
from napari_hemalens.workflows.ome_zarr import boxes_in

Run = Callable[..., Steps[Batch[Detections]]]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three small images."""
    rng = np.random.default_rng(0)
    files = [tmp_path / f"{name}.png" for name in "abc"]
    for file in files:
        iio.imwrite(file, rng.integers(80, 255, (96, 128, 3), dtype=np.uint8))
    return files


@pytest.fixture
def detect(untrained: DetectorCard, tmp_path: Path) -> Run:
    """Detect into the folder `out`."""

    def run(files: list[Path], formats: Sequence[str] = ("csv", "coco"), **options: Any) -> Steps[Batch[Detections]]:
        recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15, device="cpu", **options)
        return workflows.detect_files_steps(files, recipe, tmp_path / "out", formats=formats)

    return run


def written(out: Path) -> dict[str, bytes]:
    """Return all tables and annotations."""
    return {path.name: path.read_bytes() for path in out.iterdir() if path.suffix in {".csv", ".json"}}


def test_a_stopped_run_says_what_it_did_not_look_at(files: list[Path], detect: Run, tmp_path: Path) -> None:
    steps = detect(files)
    next(steps)
    steps.close()
    out = tmp_path / "out"
    assert {Path(f.provenance.image).name for f in read_annotations(out / "coco.json")} == {"a.png"}
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert (run["complete"], run["not_looked_at"]) == (False, [str(file) for file in files[1:]])


def test_a_run_stopped_and_gone_on_with_gives_what_one_run_gives(
    files: list[Path], detect: Run, tmp_path: Path
) -> None:
    finish(detect(files))
    (tmp_path / "out").rename(tmp_path / "whole")
    steps = detect(files)
    next(steps)
    steps.close()
    batch = finish(detect(files))
    assert (batch.kept, batch.failed) == (1, {})
    assert written(tmp_path / "out") == written(tmp_path / "whole")
    for file in files:
        assert (tmp_path / "out" / f"{file.stem}.overlay.png").exists()


def test_each_image_is_copied_with_its_cells_once(files: list[Path], detect: Run, tmp_path: Path) -> None:
    batch = finish(detect(files[:1], formats=("csv", "ome-zarr")))
    target = tmp_path / "out" / "a.ome.zarr"
    (found,) = boxes_in(target)
    np.testing.assert_allclose(found.boxes, batch.fields[0].boxes, atol=0.01)
    written = (target / ".zattrs").stat().st_mtime_ns
    again = finish(detect(files[:1], formats=("csv", "ome-zarr")))
    assert (again.kept, (target / ".zattrs").stat().st_mtime_ns) == (1, written)


def test_tables_are_there_before_the_first_picture(
    files: list[Path], detect: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: Any) -> None:
        assert (tmp_path / "out" / "cells.csv").exists()
        raise MemoryError

    monkeypatch.setattr(detect_files, "overlay", no_memory)
    batch = finish(detect(files))
    assert (len(batch.fields), batch.failed, list(batch.unpictured)) == (3, {}, [str(file) for file in files])
    monkeypatch.undo()
    again = finish(detect(files))
    assert (again.kept, again.unpictured) == (3, {})
    assert (tmp_path / "out" / "c.overlay.png").exists()


def test_other_options_do_not_mix_with_results_that_are_there(files: list[Path], detect: Run, tmp_path: Path) -> None:
    finish(detect(files[:1]))
    before = written(tmp_path / "out")
    with pytest.raises(RecipeError, match=r"another run \(score_threshold None, not 0.9\)"):
        finish(detect(files[:1], score_threshold=0.9))
    assert written(tmp_path / "out") == before


def test_results_among_the_images_are_refused(files: list[Path], untrained: DetectorCard, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="Results need a folder of their own"):
        finish(workflows.detect_files_steps(files, DetectionRecipe(weights=str(untrained.file)), tmp_path))
    assert not (tmp_path / "records").exists()


@pytest.mark.parametrize("name", ["x" * 250 + ".png", "bad-\udce4.png"])
def test_images_with_names_that_are_long_or_no_text_are_written(
    files: list[Path], detect: Run, tmp_path: Path, name: str
) -> None:
    try:
        named = files[0].rename(tmp_path / name)
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")
    batch = finish(detect([named, files[1]]))
    assert (batch.failed, batch.unpictured) == ({}, {})
    shown = name.encode("utf-8", "backslashreplace").decode()
    coco = json.loads((tmp_path / "out" / "coco.json").read_text(encoding="utf-8"))
    assert [image["file_name"] for image in coco["images"]] == [shown, "b.png"]
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["images"][0]["path"] == str(named)
    assert len(list((tmp_path / "out").glob("*.overlay.png"))) == 2
