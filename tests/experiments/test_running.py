"""Rows share a budget, and the steps of a trial become messages of the whole."""

from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.experiments.report import NetworkRow
from napari_hemalens.experiments.running import Budget, nest_steps, recipe_for, select_rows
from napari_hemalens.progress import Progress, Steps, finish


def trial() -> Steps[str]:
    yield Progress(1, 2, "loss 0.5")
    return "result"


def test_steps_of_a_trial_become_messages_and_its_result_is_kept() -> None:
    (step,) = nest_steps(trial(), 3, 8, "vgg16, seed 0")
    assert (step.done, step.total) == (3, 8)
    assert step.message == "vgg16, seed 0: step 1 of 2, loss 0.5"
    assert finish(nest_steps(trial(), 3, 8, "")) == "result"


def test_a_row_changes_network_loss_and_seed_and_nothing_else() -> None:
    base = ClassifierTraining()
    recipe = recipe_for(NetworkRow("VGG16", "vgg16", "cross_entropy"), base, 7)
    assert (recipe.network.network, recipe.loss, recipe.seed) == ("vgg16", "cross_entropy", 7)
    own = {"network", "loss", "seed"}
    assert recipe.model_dump(exclude=own) == base.model_dump(exclude=own)


def test_rows_keep_the_order_of_the_table() -> None:
    assert list(select_rows(("b", "a"), {"a": 1, "b": 2, "c": 3})) == ["a", "b"]
    assert list(select_rows(None, {"a": 1, "b": 2})) == ["a", "b"]


def test_only_a_reduced_budget_ends_the_title() -> None:
    assert Budget(ClassifierTraining()).suffix == ""
    assert Budget(ClassifierTraining(), 10, "reduced: 10 cells").suffix == " (reduced: 10 cells)"
