"""The questions that can be asked, and one that nobody knows."""

from typing import get_args

import pytest

from napari_hemalens.config import presets
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.weights import model_card
from napari_hemalens.records.palette import colour_of
from napari_hemalens.records.tasks import DETECTION, EXPLAINABLE, TASKS, ExplainableName, TaskName, own_task, task


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_found_by_its_name_and_looks_for_one_of_its_classes(name):
    found = task(name)
    assert found is TASKS[name]
    assert found.name == name
    assert (found.positive in found.classes) == (len(found.classes) == 2)


def test_an_unknown_task_is_refused_with_those_that_are_known():
    with pytest.raises(RecipeError, match=r"No task 'malaria'. Known: micronucleus, all, leukocyte, nucleated, plasma"):
        task("malaria")


def test_one_question_is_asked_of_whole_fields():
    assert [name for name, task in TASKS.items() if task.unit == "field"] == ["field"]


PACKED = {n: found for n, found in EXPLAINABLE.items() if found.weights}


@pytest.mark.parametrize("found", PACKED.values(), ids=PACKED)
def test_weights_and_preset_of_a_task_exist_and_fit_its_classes(found):
    card = model_card(found.weights)
    if found is DETECTION:
        assert found.preset in presets.DETECTION
    else:
        assert found.preset in presets.CLASSIFICATION
        assert (card.classes, card.task, card.positive) == (found.classes, found.name, found.positive)


def test_own_classes_are_a_task_of_the_weights_that_were_taught_them():
    found = own_task(["smudge", "hairy cell"])
    assert (found.name, found.classes, found.admissible("smudge"), found.admissible("blast")) == (
        "own",
        ("smudge", "hairy cell"),
        (0,),
        (),
    )


def test_options_offer_the_tasks_that_are_declared():
    assert get_args(TaskName) == tuple(TASKS)
    assert get_args(ExplainableName) == tuple(EXPLAINABLE)
    with pytest.raises(RecipeError, match="Option 'task' got 'malaria'"):
        ClassificationRecipe.from_options(task="malaria")


@pytest.mark.parametrize("name", TASKS)
def test_the_answers_to_a_question_differ_in_colour(name):
    assert len({colour_of(answer) for answer in TASKS[name].classes}) == len(TASKS[name].classes)


NUCLEATED = task("nucleated")


def called(classes: tuple[int, ...]) -> set[str]:
    return {NUCLEATED.classes[k] for k in classes}


def test_a_name_that_says_less_than_a_class_admits_several() -> None:
    assert called(NUCLEATED.admissible("monocyte")) == {"monocyte"}
    assert called(NUCLEATED.admissible("neutrophil")) == {"band_neutrophil", "segmented_neutrophil"}
    assert called(NUCLEATED.admissible("benign")) == {*NUCLEATED.classes} - {"blast", "unclassifiable"}
    assert called(NUCLEATED.admissible("not_identifiable")) == {"unclassifiable"}
    assert NUCLEATED.admissible("megakaryocyte") == ()


def test_a_cell_that_is_no_plasma_cell_may_be_any_other() -> None:
    plasma = task("plasma")
    others = {plasma.classes[k] for k in plasma.admissible("not_plasma_cell")}
    assert others == {*plasma.classes} - {"plasma_cell"} == {*NUCLEATED.classes}
    assert task("all").answered_by(plasma.classes)


@pytest.mark.parametrize("name", ["all", "leukocyte"])
def test_weights_of_nucleated_cells_answer_coarser_questions(name: str) -> None:
    asked = task(name)
    assert asked.answered_by(NUCLEATED.classes)
    assert asked.answered_by(asked.classes)
    assert set(asked.members) == set(asked.classes)
    assert not asked.answered_by([c for c in NUCLEATED.classes if c != "lymphocyte"])


def test_only_weights_of_its_own_classes_answer_a_question_without_members() -> None:
    assert task("field").answered_by(task("field").classes)
    assert not task("field").answered_by(NUCLEATED.classes)
    assert not NUCLEATED.answered_by(task("leukocyte").classes)
    assert not task("micronucleus").answered_by(("none", "micronucleus"))  # in the order of the outputs
