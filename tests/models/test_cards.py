"""What a model card says of its weights: which tasks they answer, how they decide, under which licence."""

import numpy as np
import pytest

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.records.tasks import Task, task


def card_of(asked: Task, **more: object) -> ClassifierCard:
    plain = {"description": "", "metrics": {}, "data": "", "licence": "", "training": {}, "sha256": ""}
    recipes = {"network": ClassifierRecipe(), "crop": CropRecipe()}
    about = {"name": "mine", "task": asked.name, "classes": asked.classes, "positive": asked.positive}
    return ClassifierCard(**plain, **recipes, **about, **more)


@pytest.mark.parametrize("name", ["leukocyte", "all"])
def test_weights_of_nucleated_cells_answer_a_coarser_task(name: str) -> None:
    fine, asked = card_of(task("nucleated")), task(name)
    card = fine.for_task(asked)
    assert (card.task, card.classes, card.positive) == (asked.name, asked.classes, asked.positive)
    assert card.outputs == fine.outputs == 12
    for of, members in zip(asked.classes, card.members, strict=True):
        assert [fine.classes[k] for k in members] == list(asked.members[of])
    assert (fine.for_task(task("nucleated")), fine.members) == (fine, ())


@pytest.mark.parametrize(("of", "asked"), [("all", "nucleated"), ("leukocyte", "all"), ("nucleated", "field")])
def test_weights_that_do_not_answer_a_task_say_which_they_do(of: str, asked: str) -> None:
    with pytest.raises(WeightsError, match=f"weights mine answer the task {of}; the task is {asked}. Choose the task"):
        card_of(task(of)).for_task(task(asked))


def test_of_two_classes_the_positive_one_is_decided_by_the_threshold() -> None:
    p = np.array([[0.3, 0.7], [0.25, 0.75], [0.2, 0.8]], np.float32)
    card = card_of(task("all"), threshold=0.25)
    assert [card.classes[k] for k in card.decide(p)] == ["blast", "blast", "normal"]


def test_of_many_classes_the_likeliest_is_decided() -> None:
    p = np.zeros((2, 12), np.float32)
    p[0, 4], p[1, 11] = 0.6, 0.5
    assert card_of(task("nucleated"), threshold=0.9).decide(p).tolist() == [4, 11]


def test_a_recipe_may_ask_for_other_views_than_the_card() -> None:
    card = classifier_card("nucleated-cells")
    assert card.views == 1
    assert card.seeing(8).views == 8
    assert card.seeing(8).seeing(None).views == 8
