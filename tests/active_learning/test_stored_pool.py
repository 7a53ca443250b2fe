"""A pool is found again as it was: cells, outlines, images of layers; also in a project that was moved."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.active_learning.cell_sources import (
    ReadableCells,
    cells_of_boxes,
    cells_of_crops,
    cells_of_labels,
    join_cells,
)
from napari_hemalens.active_learning.stored_pool import has_pool, store, stored
from napari_hemalens.errors import ImageError, ProjectError
from napari_hemalens.projects.project import Project
from napari_hemalens.slides.axes import from_array


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p", ["a"]) as made:
        yield made


@pytest.fixture
def source(film: Any, draw_film: Any, tmp_path: Path) -> ReadableCells:
    """Cells by label of a file, by box of another file and of a layer, and crops."""
    other = draw_film(tmp_path / "other.png", across=3, seed=1)
    pixels = iio.imread(draw_film(tmp_path / "gone.png", across=2, seed=2).path)
    parts = [
        cells_of_labels(from_array(iio.imread(film.path), name=str(film.path)), film.labels, pixel_size_um=0.5),
        cells_of_boxes(other.path, other.boxes),
        cells_of_boxes(from_array(pixels, name="a layer"), other.boxes[:2], pixel_size_um=0.25),
        cells_of_crops(np.random.default_rng(0).integers(0, 255, (2, 9, 9, 3), dtype=np.uint8)),
    ]
    return join_cells(parts)


def pixels_of(source: ReadableCells, image: int) -> Any:
    with source.open[image]() as slide:
        return slide.read(0, 0, *slide.shape)


def test_a_pool_comes_back_as_it_was(project: Project, source: ReadableCells) -> None:
    assert not has_pool(project)
    assert store(project, source) == ()
    project.remember_images(source.cells.images)
    again = stored(project)
    assert again.cells.images == source.cells.images
    for name in ("image_index", "boxes", "numbers", "sources", "ids"):
        np.testing.assert_array_equal(getattr(again.cells, name), getattr(source.cells, name))
    np.testing.assert_array_equal(again.map_of(0)[0].labels, source.map_of(0)[0].labels)
    np.testing.assert_array_equal(again.map_of(0)[1], source.map_of(0)[1])
    for image in range(len(source.open)):
        np.testing.assert_array_equal(pixels_of(again, image), pixels_of(source, image))


def test_a_project_that_was_moved_brings_the_images_of_layers(project: Project, source: ReadableCells) -> None:
    store(project, source)
    project.remember_images(source.cells.images)
    project.close()
    moved = project.folder.parent / "far" / "away" / "from" / "here"
    moved.parent.mkdir(parents=True)
    project.folder.rename(moved)
    with Project.open(moved) as opened:
        again = stored(opened)
        np.testing.assert_array_equal(pixels_of(again, 2), pixels_of(source, 2))
        (moved.parent.parent.parent.parent / "other.png").unlink()
        with pytest.raises(ImageError, match=r"other\.png is not where it was: put it into"):
            pixels_of(again, 1)


def test_the_same_pool_is_written_once_and_another_takes_its_place(project: Project, source: ReadableCells) -> None:
    store(project, source)
    outlines = project.folder / "pool" / "outlines"
    (before,) = outlines.iterdir()
    changed = before.stat().st_mtime_ns
    store(project, source)
    assert before.stat().st_mtime_ns == changed
    labels = source.outlines[0]
    assert labels is not None
    fewer = cells_of_labels(source.open[0]().__enter__(), np.where(labels.labels > 4, labels.labels, 0))
    store(project, fewer)
    (after,) = outlines.iterdir()
    assert after != before
    assert len(stored(project).cells) == 12


def test_an_image_that_cannot_be_kept_is_said(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = np.array([[1, 1, 5, 5]], np.float32)
    channels = from_array(np.zeros((8, 8, 2), np.uint8), name="two channels", axes="YXC")
    assert store(project, cells_of_boxes(channels, boxes))[0].startswith("two channels is not kept in the project: ")
    monkeypatch.setattr("napari_hemalens.active_learning.stored_pool._MOST_KEPT", 10)
    large = cells_of_boxes(from_array(np.zeros((8, 8, 3), np.uint8), name="large"), boxes)
    (said,) = store(project, large)
    assert said.startswith("large is too large to be kept")
    assert len(stored(project).cells) == 1


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_a_damaged_pool_is_said_and_written_anew(project: Project, source: ReadableCells, content: bytes) -> None:
    store(project, source)
    (project.folder / "pool" / "cells.safetensors").write_bytes(content)
    with pytest.raises(ProjectError, match="choose them again"):
        stored(project)
    store(project, source)
    assert len(stored(project).cells) == len(source.cells)


def test_outlines_that_are_gone_are_said(project: Project, source: ReadableCells) -> None:
    store(project, source)
    for file in (project.folder / "pool" / "outlines").iterdir():
        file.unlink()
    with pytest.raises(ProjectError, match="choose them again"):
        stored(project)
