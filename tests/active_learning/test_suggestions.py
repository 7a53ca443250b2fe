"""The cells of several images are looked at, and ordered together."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import torch

from napari_hemalens.active_learning.acquisition import Pool, order
from napari_hemalens.active_learning.suggestions import LookedCells, look_steps, suggest
from napari_hemalens.config.active_learning import SuggestionRecipe
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.inference.classifier import NetworkClassifier, classify_steps
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.slides.open import open_image


def looked(cells: int, seed: int) -> LookedCells:
    rng = np.random.default_rng(seed)
    return LookedCells(
        ids=np.arange(cells, dtype=np.int64) * 3 + 1,
        centres=rng.uniform(0, 99, (cells, 2)),
        width=20.0,
        probabilities=rng.dirichlet(np.ones(3), cells).astype(np.float32),
        embeddings=rng.normal(size=(cells, 5)).astype(np.float32),
    )


@pytest.mark.parametrize("strategy", ["random", "entropy", "margin", "diversity", "margin-diversity"])
def test_cells_of_all_images_are_ordered_together(strategy: str) -> None:
    first, second = looked(7, 0), looked(9, 1)
    named = [np.array([4]), np.array([1, 7])]  # rows 1 of the first, 0 and 2 of the second
    recipe = SuggestionRecipe(strategy=strategy, first=6)
    found = suggest([first, second], named, recipe)
    pool = Pool(
        np.concatenate([first.embeddings, second.embeddings]),
        np.concatenate([first.probabilities, second.probabilities]),
        np.array([1, 7, 9]),
    )
    expected = order(strategy, pool, 6)
    assert (found.images * 7 + found.rows).tolist() == expected.tolist()
    for k in range(6):
        of, row = (first, second)[found.images[k]], found.rows[k]
        assert found.ids[k] == of.ids[row]
        assert found.centres[k].tolist() == of.centres[row].tolist()
        assert found.classes[k] == of.probabilities[row].argmax()
        best, second_best = sorted(of.probabilities[row].tolist())[:0:-1]
        assert found.scores[k] == pytest.approx(best)
        assert found.margins[k] == pytest.approx(best - second_best, abs=1e-6)


def test_fewer_cells_come_where_fewer_are_left() -> None:
    cells = looked(4, 0)
    found = suggest([cells], [cells.ids[:1]], SuggestionRecipe(first=50))
    assert sorted(found.ids.tolist()) == cells.ids[1:].tolist()


def test_where_all_cells_have_names_that_is_said() -> None:
    cells = looked(4, 0)
    with pytest.raises(AnnotationError, match="No cell is left to name: all 4 cells in 1 image have a name"):
        suggest([cells], [cells.ids], SuggestionRecipe())
    with pytest.raises(AnnotationError, match="No cell is left to name: 0 cells in 0 images"):
        suggest([], [], SuggestionRecipe())


def test_cells_are_seen_as_they_are_classified(untrained_classifier: ClassifierCard, tmp_path: Path) -> None:
    image = tmp_path / "noise.png"
    iio.imwrite(image, np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8))
    classifier = NetworkClassifier.load(untrained_classifier, torch.device("cpu"))
    with open_image(image) as slide:
        labels = np.zeros(slide.shape, dtype=np.int32)
        labels[10:30, 12:30], labels[50:70, 40:66] = 9, 4
        cells = CellMap.from_labels(labels)
        seen = finish(look_steps(slide, cells, classifier, pixel_size_um=0.2))
        named = finish(classify_steps(slide, cells, classifier, provenance=Provenance(image="a", pixel_size_um=0.2)))
        assert seen.ids.tolist() == [4, 9]
        np.testing.assert_allclose(seen.probabilities, named.probabilities, atol=1e-5)
        assert seen.embeddings.shape[0] == 2
        with pytest.raises(ImageError, match="have to be of one image"):
            next(look_steps(slide, CellMap.from_labels(labels[:-1]), classifier, pixel_size_um=0.2))
