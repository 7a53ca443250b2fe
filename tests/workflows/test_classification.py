"""Cells need labels, whole fields need none."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_hemalens import workflows
from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.presets import CLASSIFICATION
from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish


@pytest.fixture
def field() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (100, 140, 3), dtype=np.uint8)


def test_a_whole_field_is_one_cell(field: np.ndarray, untrained_of_fields: ClassifierCard) -> None:
    found = workflows.classify(field, task="field", weights=str(untrained_of_fields.file))
    assert found.ids.tolist() == [1]
    assert found.areas.tolist() == [100 * 140]
    assert found.centres.tolist() == [[49.5, 69.5]]
    assert found.names == ("benign", "early", "pre", "pro")


def test_a_field_says_the_same_under_a_stronger_stain(field: np.ndarray, untrained_of_fields: ClassifierCard) -> None:
    strong = (256 * ((field + 1.0) / 256) ** np.array([1.3, 0.9, 1.1]) - 1).round().clip(0, 255).astype(np.uint8)
    shown = (
        workflows.classify(image, task="field", weights=str(untrained_of_fields.file)) for image in (field, strong)
    )
    first, second = (found.probabilities for found in shown)
    np.testing.assert_allclose(first, second, atol=0.01)


def test_labels_of_a_whole_field_and_cells_without_labels_are_refused(
    field: np.ndarray, untrained_of_fields: ClassifierCard, untrained_classifier: ClassifierCard
) -> None:
    with pytest.raises(AnnotationError, match="name a whole image, not the cells of it: give no labels"):
        workflows.classify(field, np.ones((100, 140), int), task="field", weights=str(untrained_of_fields.file))
    with pytest.raises(AnnotationError, match="untrained-classifier name cells: give labels of them"):
        workflows.classify(field, weights=str(untrained_classifier.file))


def test_fields_of_own_classes_are_learned_from_a_folder_a_class(all_fields: Path, tmp_path: Path) -> None:
    data, new = all_fields / "all_fields", workflows.NewWeights(tmp_path, "stages")
    small = CLASSIFICATION["smoke"].model_copy(update={"crop": CropRecipe(side=64, unit="field", width=1.0)})
    card = finish(workflows.train_classification_steps([data], "own", small, new))
    assert (card.task, card.classes, card.of_fields) == ("own", ("benign", "early", "pre", "pro"), True)
    assert card.metrics["cells"] == 4 * 2
    found = workflows.classify(data / "pro" / "00.jpg", task="own", weights=str(card.file))
    assert (found.names, len(found)) == (card.classes, 1)
    with pytest.raises(RecipeError, match=r"has a class as a whole; the recipe's crops .* Take the recipe field"):
        finish(workflows.train_classification_steps([data], "own", CLASSIFICATION["smoke"], new))


def test_own_classes_without_a_recipe_are_learned_by_one_that_suits(all_fields: Path, field_sets: Path) -> None:
    assert workflows.default_training([all_fields / "all_fields"], "own") == "field"
    assert workflows.default_training([field_sets / "cells"], "own") == "own"
    assert workflows.default_training([field_sets / "cells"], "leukocyte") == "leukocyte"


def test_a_single_class_teaches_nothing(all_fields: Path, tmp_path: Path) -> None:
    new = workflows.NewWeights(tmp_path, "one")
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "train.csv").write_text("image,cell,class\na.png,1,blast\n")
    for kind in ("images", "labels"):
        (tmp_path / "one" / kind).mkdir()
        (tmp_path / "one" / kind / "a.png").touch()
    with pytest.raises(AnnotationError, match="needs two classes or more; the data have blast"):
        finish(workflows.train_classification_steps([tmp_path / "one"], "own", CLASSIFICATION["smoke"], new))


def test_labels_may_be_given_as_the_path_of_a_label_image(
    field: np.ndarray, untrained_classifier: ClassifierCard, tmp_path: Path
) -> None:
    labels = np.zeros((100, 140), np.uint16)
    labels[10:30, 10:30], labels[50:80, 60:90] = 1, 7
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    by_path, by_array = (
        workflows.classify(field, each, weights=untrained_classifier.file, pixel_size_um=0.2)
        for each in (tmp_path / "labels.tif", labels)
    )
    assert by_path.ids.tolist() == by_array.ids.tolist() == [1, 7]
    np.testing.assert_array_equal(by_path.probabilities, by_array.probabilities)
    with pytest.raises(AnnotationError, match=r"Cannot read the labels .*nope\.tif"):
        workflows.classify(field, str(tmp_path / "nope.tif"), weights=untrained_classifier.file)
