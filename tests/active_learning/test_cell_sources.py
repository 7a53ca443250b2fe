"""Boxes, labels, images and crops become the same record, which knows how to read them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.active_learning.cell_sources import (
    cells_of_boxes,
    cells_of_crops,
    cells_of_images,
    cells_of_images_steps,
    cells_of_labels,
    cells_of_table,
    join_cells,
)
from napari_hemalens.active_learning.known_images import KnownImages
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.formats import cell_table
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.open import open_image


def test_boxes_of_a_run_and_of_an_array_are_the_same_cells(film: Any) -> None:
    found = Detections.from_arrays(
        film.boxes,
        np.linspace(0.9, 0.5, len(film.boxes)),
        np.zeros(len(film.boxes)),
        names=("lymphocyte",),
        image_shape=film.labels.shape,
        provenance=Provenance(pixel_size_um=0.5),
    )
    of_run, of_array = cells_of_boxes(film.path, found).cells, cells_of_boxes(film.path, film.boxes).cells
    assert of_run.ids.tolist() == of_array.ids.tolist()
    assert (of_run.images[0].pixel_size_um, of_array.images[0].pixel_size_um) == (0.5, None)
    assert set(of_run.sources.tolist()) == {"box"}


def test_labels_are_cells_with_their_numbers_and_outlines(film: Any) -> None:
    with open_image(film.path) as slide:
        source = cells_of_labels(slide, film.labels, pixel_size_um=0.5)
    assert source.cells.numbers.tolist() == list(range(1, 17))
    np.testing.assert_array_equal(source.cells.boxes, film.boxes)
    assert source.cells.ids.tolist() == cells_of_boxes(film.path, film.boxes).cells.ids.tolist()
    assert source.map_of(0)[1].tolist() == list(range(16))


def test_each_image_of_a_folder_is_a_cell(tmp_path: Path) -> None:
    for k in range(3):
        iio.imwrite(tmp_path / f"{k}.png", np.full((20 + k, 30, 3), 40 * k, np.uint8))
    source = cells_of_images([tmp_path])
    assert source.cells.boxes.tolist() == [[0, 0, 20, 30], [0, 0, 21, 30], [0, 0, 22, 30]]
    assert source.cells.image_index.tolist() == [0, 1, 2]
    with source.open[2]() as slide:
        assert slide.shape == (22, 30)
    assert source.map_of(2)[0].labels.all()


def test_reading_many_images_can_be_watched_and_stopped(tmp_path: Path) -> None:
    for k in range(3):
        iio.imwrite(tmp_path / f"{k}.png", np.full((20, 30, 3), 40 * k, np.uint8))
    steps = cells_of_images_steps([tmp_path])
    assert (next(steps).done, len(finish(steps).cells)) == (0, 3)


@pytest.mark.parametrize("shape", [(5, 24, 24, 3), (5, 24, 24)])
def test_crops_are_cells(shape: tuple[int, ...]) -> None:
    crops = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    source = cells_of_crops(crops)
    assert len(set(source.cells.ids.tolist())) == 5
    with source.open[3]() as slide:
        np.testing.assert_array_equal(slide.levels[0][0:24, 0:24].reshape(crops[3].shape), crops[3])
    with pytest.raises(ImageError, match="got \\(5, 24\\)"):
        cells_of_crops(crops[:, 0].reshape(5, -1)[:, :24])


def test_a_table_of_cells_is_read_image_by_image(cells_by_box: Path) -> None:
    table = cell_table.read(cells_by_box / "cells.csv")
    source = cells_of_table(table)
    assert len(source.cells) == len(table)
    np.testing.assert_array_equal(table.boxes[source.cells.numbers], source.cells.boxes)
    of = np.array([image.name for image in source.cells.images])[source.cells.image_index]
    assert of.tolist() == table.images[source.cells.numbers].astype(str).tolist()


def test_a_cell_that_two_sources_give_is_one_cell(film: Any, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "other.png"
    copy.write_bytes(film.path.read_bytes())
    joined = join_cells([cells_of_boxes(film.path, film.boxes[:5]), cells_of_labels(copy, film.labels)])
    assert (len(joined.cells), len(joined.cells.images)) == (16, 1)
    outlined, rows = joined.map_of(0)
    np.testing.assert_array_equal(outlined.boxes[rows], joined.cells.boxes)


def test_boxes_are_drawn_where_outlines_are_asked_for(film: Any) -> None:
    outlined, rows = cells_of_boxes(film.path, film.boxes).map_of(0)
    assert rows.tolist() == list(range(16))
    overlap = ((outlined.labels > 0) & (film.labels > 0)).sum() / ((outlined.labels > 0) | (film.labels > 0)).sum()
    assert overlap > 0.95
    huge = replace(cells_of_boxes(film.path, film.boxes).cells.images[0], shape=(20_000, 20_000))
    source = cells_of_boxes(film.path, film.boxes)
    with pytest.raises(ImageError, match="too large to draw"):
        replace(source, cells=replace(source.cells, images=(huge,))).map_of(0)


def test_what_is_no_cell_is_refused(film: Any) -> None:
    with pytest.raises(AnnotationError, match="A box has no area"):
        cells_of_boxes(film.path, np.array([[5, 5, 5, 9]]))
    with pytest.raises(ImageError, match="they have to be of one image"):
        cells_of_labels(film.path, film.labels[1:])
    with pytest.raises(ImageError, match="there is no such file"):
        cells_of_boxes(film.path.with_name("gone.png"), film.boxes)
    assert len(cells_of_boxes(film.path, []).cells) == 0
    assert len(cells_of_labels(film.path, np.zeros_like(film.labels)).cells) == 0


def test_a_file_that_is_known_is_not_read_again(film: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownImages()
    first = cells_of_boxes(film.path, film.boxes, known=known, pixel_size_um=0.5)
    monkeypatch.setattr("napari_hemalens.active_learning.cell_sources.fingerprint", None)
    again = cells_of_boxes(film.path, film.boxes, known=known)
    assert again.cells.ids.tolist() == first.cells.ids.tolist()
    assert again.cells.images[0].pixel_size_um is None  # what was given once is not remembered as the file's
