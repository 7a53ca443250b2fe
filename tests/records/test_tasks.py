"""The four questions, and a fifth that nobody knows."""

from typing import get_args

import pytest

from napari_hemalens.config import presets
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.weights import model_card
from napari_hemalens.records.palette import colour_of
from napari_hemalens.records.tasks import DETECTION, EXPLAINABLE, TASKS, ExplainableName, TaskName, task


@pytest.mark.parametrize("name", ["micronucleus", "all", "leukocyte", "field"])
def test_a_task_is_found_by_its_name_and_looks_for_one_of_its_classes(name):
    found = task(name)
    assert found is TASKS[name]
    assert found.name == name
    assert (found.positive in found.classes) == (len(found.classes) == 2)


def test_an_unknown_task_is_refused_with_those_that_are_known():
    with pytest.raises(RecipeError, match=r"No task 'malaria'. Known: micronucleus, all, leukocyte, nucleated, field"):
        task("malaria")


def test_one_question_is_asked_of_whole_fields():
    assert [name for name, task in TASKS.items() if task.unit == "field"] == ["field"]


@pytest.mark.parametrize("found", EXPLAINABLE.values(), ids=EXPLAINABLE)
def test_weights_and_preset_of_a_task_exist_and_fit_its_classes(found):
    card = model_card(found.weights)
    if found is DETECTION:
        assert found.preset in presets.DETECTION
    else:
        assert found.preset in presets.CLASSIFICATION
        assert (card.classes, card.task, card.positive) == (found.classes, found.name, found.positive)


def test_options_offer_the_tasks_that_are_declared():
    assert get_args(TaskName) == tuple(TASKS)
    assert get_args(ExplainableName) == tuple(EXPLAINABLE)
    with pytest.raises(RecipeError, match="Option 'task' got 'malaria'"):
        ClassificationRecipe.from_options(task="malaria")


@pytest.mark.parametrize("name", TASKS)
def test_the_answers_to_a_question_differ_in_colour(name):
    assert len({colour_of(answer) for answer in TASKS[name].classes}) == len(TASKS[name].classes)
