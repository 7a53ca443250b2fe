"""Weights are taught further: what they know stays, what is new is learned."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_hemalens.errors import TrainingError
from napari_hemalens.formats import cell_table
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.storage import load_classifier
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import finish
from napari_hemalens.records.tasks import own_task
from napari_hemalens.training.classification import build
from napari_hemalens.training.fine_tuning import fine_tune_steps, recipe_for, start_from, treat_alike

CLASSES = ("smudge", "monocyte", "blast")


def test_known_classes_and_all_layers_begin_as_trained(nucleated: ClassifierCard) -> None:
    recipe = recipe_for(nucleated, 100, 1)
    network = build(recipe, own_task(CLASSES))
    fresh = network.head.linear.weight[0].clone()
    start_from(network, nucleated, CLASSES)
    trained = load_classifier(nucleated, torch.device("cpu"))
    torch.testing.assert_close(network.stages.state_dict(), trained.stages.state_dict())
    for new, name in ((1, "monocyte"), (2, "blast")):
        torch.testing.assert_close(
            network.head.linear.weight[new], trained.head.linear.weight[nucleated.classes.index(name)]
        )
    torch.testing.assert_close(network.head.linear.weight[0], fresh)


def test_classes_begin_as_those_that_they_include_or_mean(nucleated: ClassifierCard) -> None:
    names = ("Lymphocytes", "neutrophil", "smudge")
    network = build(recipe_for(nucleated, 100, 1), own_task(names))
    start_from(network, nucleated, names)
    rows = load_classifier(nucleated, torch.device("cpu")).head.linear.weight
    of = nucleated.classes.index
    torch.testing.assert_close(network.head.linear.weight[0], rows[of("lymphocyte")])
    both = rows[[of("band_neutrophil"), of("segmented_neutrophil")]].mean(dim=0)
    torch.testing.assert_close(network.head.linear.weight[1], both)


def test_as_many_classes_in_another_order_keep_what_is_theirs(nucleated: ClassifierCard) -> None:
    names = tuple(reversed(nucleated.classes))
    network = build(recipe_for(nucleated, 100, 1), own_task(names))
    start_from(network, nucleated, names)
    trained = load_classifier(nucleated, torch.device("cpu"))
    torch.testing.assert_close(network.head.linear.weight.flip(0), trained.head.linear.weight)


def test_the_recipe_suits_few_cells_and_the_network(nucleated: ClassifierCard) -> None:
    recipe = recipe_for(nucleated, 7, 4)
    assert (recipe.batch, recipe.epochs, recipe.crop, recipe.keep) == (7, 4, nucleated.crop, "last")
    with pytest.raises(TrainingError, match="leukocyte-types look at outlines"):
        recipe_for(weights.classifier_card("leukocyte-types"), 100, 1)


def test_rare_classes_are_favoured_as_much_as_they_are_rare(nucleated: ClassifierCard) -> None:
    network = build(recipe_for(nucleated, 100, 1), own_task(CLASSES))
    before = network.head.linear.bias.detach().clone()
    treat_alike(network, torch.tensor([0.75, 0.25, 0.0]))
    change = network.head.linear.bias.detach() - before
    torch.testing.assert_close((change[1] - change[0]).exp(), torch.tensor(3.0))
    assert change[2] == 0


def test_a_run_writes_weights_of_own_classes_that_can_be_used(
    nucleated: ClassifierCard, cells_by_box: Path, tmp_path: Path
) -> None:
    cells = cell_table.read(cells_by_box / "cells.csv")
    cells = cells.take(np.isin(cells.class_names, ["monocyte", "blast", "eosinophil"]))
    names = cells.class_names.astype("<U12")
    names[names == "eosinophil"] = "smudge"
    cells = replace(cells, class_names=names)
    recipe = recipe_for(nucleated, 12, 1, views=4).model_copy(update={"precision": "32-true", "accelerator": "cpu"})
    new = NewWeights(tmp_path, "mine", {"licence": "CC0-1.0"})
    card = finish(fine_tune_steps(cells, task=own_task(CLASSES), start=nucleated, recipe=recipe, new=new))
    assert (card.task, card.classes, card.crop) == ("own", CLASSES, nucleated.crop)
    assert weights.classifier_card(card.file) == card
    assert card.metrics["cells"] == 6
    assert card.views == load_classifier(card, torch.device("cpu")).views == 4
    train = cells.take(cells.parts == "train")
    with pytest.raises(TrainingError, match="No labelled cell is in the part 'choose'"):
        next(fine_tune_steps(train, task=own_task(CLASSES), start=nucleated, recipe=recipe, new=new))
