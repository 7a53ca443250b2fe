"""The last layer is fitted anew, each class weighing the same."""

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_hemalens.formats import cell_table
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.records.tasks import own_task
from napari_hemalens.training.cells_by_box import look_at
from napari_hemalens.training.classification import build
from napari_hemalens.training.fine_tuning import recipe_for
from napari_hemalens.training.last_layer import refit_last_layer

CLASSES = ("blast", "smudge", "eosinophil", "monocyte")


@pytest.fixture
def network(nucleated: ClassifierCard) -> CellClassifier:
    torch.manual_seed(0)
    return build(recipe_for(nucleated, 12, 1), own_task(CLASSES))


@pytest.fixture
def cells(cells_by_box: Path) -> CellTable:
    cells = cell_table.read(cells_by_box / "cells.csv")
    return cells.take(np.isin(cells.class_names, ["blast", "eosinophil", "monocyte"]))


def fitted(network: CellClassifier, cells: CellTable, card: ClassifierCard) -> tuple[bool, np.ndarray]:
    """Return whether the layer was fitted, and what each cell is called then."""
    recipe = recipe_for(card, 12, 1)
    changed = refit_last_layer(network, cells, task=own_task(CLASSES), recipe=recipe)
    logits, _ = look_at(network, cells, recipe)
    return changed, np.array(CLASSES)[logits.argmax(dim=1).numpy()]


def test_cells_that_differ_are_told_apart_even_rare_ones(network, cells, nucleated) -> None:
    blasts = np.flatnonzero(cells.class_names == "blast")
    cells = cells.take(np.sort(np.concatenate([np.flatnonzero(cells.class_names != "blast"), blasts[:1]])))
    changed, named = fitted(network, cells, nucleated)
    assert changed
    assert named.tolist() == cells.class_names.tolist()


def test_of_two_classes_both_are_named(network, cells, nucleated) -> None:
    cells = cells.take(np.isin(cells.class_names, ["eosinophil", "monocyte"]))
    changed, named = fitted(network, cells, nucleated)
    assert changed
    assert named.tolist() == cells.class_names.tolist()


def test_one_class_alone_changes_nothing(network, cells, nucleated) -> None:
    before = network.head.linear.weight.clone()
    changed, _ = fitted(network, cells.take(cells.class_names == "blast"), nucleated)
    assert not changed
    torch.testing.assert_close(network.head.linear.weight, before)


def test_a_head_that_sees_more_than_the_embedding_is_left_alone(network, cells, nucleated) -> None:
    network.head.register_forward_hook(lambda _, __, found: (found[0] + 1, found[1]))
    before = network.head.linear.weight.clone()
    changed, _ = fitted(network, cells, nucleated)
    assert not changed
    torch.testing.assert_close(network.head.linear.weight, before)
