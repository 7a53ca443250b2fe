"""Cells are looked at once, as the classifier sees them, and never again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_hemalens.active_learning import embeddings
from napari_hemalens.active_learning.cell_sources import (
    ReadableCells,
    cells_of_boxes,
    cells_of_crops,
    cells_of_labels,
    join_cells,
)
from napari_hemalens.active_learning.embedded import Embedded
from napari_hemalens.active_learning.embeddings import embed_steps
from napari_hemalens.config.options import TeachingRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.inference.crops import crops
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.progress import finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.open import open_image

CPU = torch.device("cpu")
ON_TORCH = TeachingRecipe(device="cpu", runtime="torch")


def embed(source: ReadableCells, card: ClassifierCard, caches: Path) -> Embedded:
    return finish(embed_steps(source, card, caches, ON_TORCH))


def test_the_vector_of_a_cell_is_that_of_the_crop_that_classification_sees(film: Any, tmp_path: Path) -> None:
    card = weights.classifier_card("leukocyte-types")
    found = embed(cells_of_labels(film.path, film.labels), card, tmp_path)
    network = NetworkClassifier.load(card, CPU).network
    cells = CellMap.from_labels(film.labels)
    width = card.crop.width * float(np.median(cells.diameters))
    with open_image(film.path) as slide, torch.inference_mode():
        ((rows, pixels),) = crops(slide, cells, card.crop, width=width, batch=64)
        expected = network.name_and_embed(normalised(pixels))[1].numpy()
    np.testing.assert_allclose(found.vectors[rows], expected, rtol=1e-4, atol=1e-4)
    assert (found.weights, found.sha256) == ("leukocyte-types", card.sha256)


def test_a_thumbnail_shows_its_cell(film: Any, nucleated: ClassifierCard, tmp_path: Path) -> None:
    for source in (
        cells_of_boxes(film.path, film.boxes, pixel_size_um=0.8),
        cells_of_labels(film.path, film.labels, pixel_size_um=0.8),
    ):
        found = embed(source, nucleated, tmp_path)
        with open_image(film.path) as slide:
            for k in (0, 7, 15):
                y, x = film.boxes[k, :2].astype(int) + 6
                middle = slide.read(y - 2, x - 2, y + 2, x + 2).mean(axis=(0, 1))
                np.testing.assert_allclose(found.thumbnails[k][30:34, 30:34].mean(axis=(0, 1)), middle, atol=12)


def test_a_second_start_loads_no_network_and_reads_no_image(
    film: Any, nucleated: ClassifierCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = cells_of_boxes(film.path, film.boxes, pixel_size_um=0.5)
    first = embed(source, nucleated, tmp_path)
    monkeypatch.setattr(embeddings, "NetworkClassifier", None)
    film.path.unlink()
    again = embed(source, nucleated, tmp_path)
    np.testing.assert_array_equal(again.vectors, first.vectors)
    np.testing.assert_array_equal(again.thumbnails[3], first.thumbnails[3])


def test_cells_that_are_new_are_added_to_those_that_are_known(
    film: Any, nucleated: ClassifierCard, tmp_path: Path
) -> None:
    part = cells_of_boxes(film.path, film.boxes[4:9], pixel_size_um=0.5)
    embed(part, nucleated, tmp_path)
    steps = embed_steps(cells_of_boxes(film.path, film.boxes, pixel_size_um=0.5), nucleated, tmp_path, ON_TORCH)
    assert next(steps).total == 11
    found = finish(steps)
    fresh = embed(cells_of_boxes(film.path, film.boxes, pixel_size_um=0.5), nucleated, tmp_path / "other")
    np.testing.assert_allclose(found.vectors, fresh.vectors, atol=1e-4 * fresh.vectors.max())


def test_another_pixel_size_is_another_view(film: Any, nucleated: ClassifierCard, tmp_path: Path) -> None:
    fine = embed(cells_of_boxes(film.path, film.boxes, pixel_size_um=0.5), nucleated, tmp_path)
    coarse = embed(cells_of_boxes(film.path, film.boxes, pixel_size_um=1.0), nucleated, tmp_path)
    assert not np.allclose(fine.vectors, coarse.vectors, rtol=1e-2, atol=0)


def test_what_was_done_before_stop_is_kept(draw_film: Any, nucleated: ClassifierCard, tmp_path: Path) -> None:
    films = [draw_film(tmp_path / f"{k}.png", seed=k) for k in range(3)]
    source = join_cells([cells_of_boxes(each.path, each.boxes, pixel_size_um=0.5) for each in films])
    steps = embed_steps(source, nucleated, tmp_path, ON_TORCH)
    while next(steps).done < 16:
        pass
    steps.close()
    again = embed_steps(source, nucleated, tmp_path, ON_TORCH)
    assert next(again).total == 32
    assert len(finish(again)) == 48


def test_a_damaged_cache_is_said_and_computed_again(film: Any, nucleated: ClassifierCard, tmp_path: Path) -> None:
    source = cells_of_boxes(film.path, film.boxes, pixel_size_um=0.5)
    first = embed(source, nucleated, tmp_path)
    (file,) = tmp_path.glob("embeddings-*/*.safetensors")
    file.write_bytes(file.read_bytes()[:5000])
    steps = embed_steps(source, nucleated, tmp_path, ON_TORCH)
    assert "damaged" in next(steps).message
    again = finish(steps)
    assert len(again.notes) == 1
    np.testing.assert_array_equal(again.vectors, first.vectors)


def test_lone_cells_need_no_pixel_size_and_boxes_do(film: Any, nucleated: ClassifierCard, tmp_path: Path) -> None:
    crops_ = np.random.default_rng(0).integers(0, 255, (3, 40, 40, 3), dtype=np.uint8)
    assert embed(cells_of_crops(crops_), nucleated, tmp_path).vectors.shape == (3, 1280)
    with pytest.raises(ImageError, match=r"The pixel size of .*film\.png is not known"):
        embed(cells_of_boxes(film.path, film.boxes), nucleated, tmp_path)


def test_weights_that_look_at_outlines_take_boxes_and_crops_too(film: Any, tmp_path: Path) -> None:
    card = weights.classifier_card("leukocyte-types")
    by_label = embed(cells_of_labels(film.path, film.labels), card, tmp_path).vectors
    by_box = embed(cells_of_boxes(film.path, film.boxes), card, tmp_path).vectors
    between = np.linalg.norm(by_label[:, None] - by_label[None], axis=2)
    assert np.median(np.linalg.norm(by_label - by_box, axis=1)) < np.median(between[between > 0]) / 2
    crops_ = np.random.default_rng(0).integers(0, 255, (2, 40, 40, 3), dtype=np.uint8)
    assert len(embed(cells_of_crops(crops_), card, tmp_path)) == 2


def test_no_cells_take_no_network(film: Any, nucleated: ClassifierCard, tmp_path: Path) -> None:
    assert embed(cells_of_boxes(film.path, []), nucleated, tmp_path).vectors.shape == (0, 0)
    assert embed(join_cells([]), nucleated, tmp_path).vectors.shape == (0, 0)
