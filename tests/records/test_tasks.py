"""The four questions, and a fifth that nobody knows."""

import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.palette import colour_of
from napari_hemalens.records.tasks import TASKS, task


@pytest.mark.parametrize("name", ["micronucleus", "all", "leukocyte", "field"])
def test_a_task_is_found_by_its_name_and_looks_for_one_of_its_classes(name):
    found = task(name)
    assert found is TASKS[name]
    assert found.name == name
    assert (found.positive in found.classes) == (len(found.classes) == 2)


def test_an_unknown_task_is_refused_with_those_that_are_known():
    with pytest.raises(RecipeError, match=r"No task 'malaria'. Known: micronucleus, all, leukocyte, field"):
        task("malaria")


def test_one_question_is_asked_of_whole_fields():
    assert [name for name, task in TASKS.items() if task.unit == "field"] == ["field"]


@pytest.mark.parametrize("name", TASKS)
def test_the_answers_to_a_question_differ_in_colour(name):
    assert len({colour_of(answer) for answer in TASKS[name].classes}) == len(TASKS[name].classes)
