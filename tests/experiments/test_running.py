"""Rows share a budget, and the steps of a trial become messages of the whole."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import RecipeError
from napari_hemalens.experiments import running
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.report import NetworkRow
from napari_hemalens.experiments.running import Budget, find_budget, nest_steps, recipe_for, select_rows, trials_steps
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


def test_options_of_a_row_are_those_of_its_network_alone() -> None:
    base = ClassifierTraining()
    recipe = recipe_for(NetworkRow("ECA", "eca_vgg16_half", options={"eca_kernel": 3}), base, 0)
    assert (recipe.network.eca_kernel, base.network.eca_kernel) == (3, 9)


def test_attention_is_taught_where_the_row_or_the_budget_says_so() -> None:
    plain, taught = NetworkRow("ours", "alexnet_attention"), NetworkRow("taught", "alexnet_attention", point=1.0)
    base = ClassifierTraining()
    assert [recipe_for(row, base, 0).point for row in (plain, taught)] == [0, 1]
    assert recipe_for(plain, base.model_copy(update={"point": 0.5}), 0).point == 0.5


def test_rows_keep_the_order_of_the_table() -> None:
    assert list(select_rows(("b", "a"), {"a": 1, "b": 2, "c": 3})) == ["a", "b"]
    assert list(select_rows(None, {"a": 1, "b": 2})) == ["a", "b"]


def test_only_a_reduced_budget_ends_the_title() -> None:
    assert Budget(ClassifierTraining()).suffix == ""
    assert Budget(ClassifierTraining(), 10, "reduced: 10 cells").suffix == " (reduced: 10 cells)"


def test_a_changed_budget_says_what_was_changed() -> None:
    known = {"laptop": Budget(ClassifierTraining(), 10, "reduced: 10 cells"), "full": Budget(ClassifierTraining())}
    options = ExperimentOptions((), Path(), changes=("epochs=3", "network.network=vgg16"))
    budget = find_budget(options, known)
    assert (budget.recipe.epochs, budget.recipe.network.network, budget.cells) == (3, "vgg16", 10)
    assert budget.suffix == " (reduced: 10 cells; with epochs=3, network.network=vgg16)"
    with pytest.raises(RecipeError, match="No option 'epoch'"):
        find_budget(ExperimentOptions((), Path(), changes=("epoch=3",)), known)
    with pytest.raises(RecipeError, match="A change is written option=value, such as epochs=5; got 'epochs'"):
        find_budget(ExperimentOptions((), Path(), changes=("epochs",)), known)


@dataclass(frozen=True)
class Written:
    """A comparison that notes what is asked of it."""

    asked: list[str]
    trials: tuple[SimpleNamespace, ...] = ()
    notes: tuple[str, ...] = ()

    def write(self, out: Path) -> None:
        self.asked.append(f"{len(self.trials)} written")

    def draw(self, out: Path) -> None:
        self.asked.append(f"{len(self.trials)} drawn")


def planned(key: str, start: str = "scratch") -> SimpleNamespace:
    recipe = ClassifierTraining()
    return SimpleNamespace(
        key=key, recipe=recipe.model_copy(update={"network": recipe.network.model_copy(update={"start": start})})
    )


def trial_from(start: str) -> SimpleNamespace:
    plan = {"recipe": {"network": {"start": start}}}
    return SimpleNamespace(measures=SimpleNamespace(overall={"AUC": 0.5}), plan=plan)


@pytest.mark.parametrize(
    ("asked", "got", "notes"),
    [
        ("imagenet_or_scratch", "scratch", (running.FROM_SCRATCH,)),
        ("imagenet_or_scratch", "imagenet", ()),
        ("scratch", "scratch", ()),
    ],
)
def test_a_table_says_once_that_imagenet_was_not_to_be_had(
    asked: str, got: str, notes: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one(plan: SimpleNamespace, folder: Path) -> Steps[SimpleNamespace]:
        yield Progress(1, 1, "training")
        return trial_from(got)

    monkeypatch.setattr(running, "trial_steps", one)
    found = finish(trials_steps(Written([]), iter([planned("a", asked), planned("b", asked)]), tmp_path, total=2))
    assert found.notes == notes


@pytest.mark.parametrize("stopped", [False, True])
def test_tables_follow_each_trial_and_pictures_the_last(
    stopped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one(plan: SimpleNamespace, folder: Path) -> Steps[SimpleNamespace]:
        yield Progress(1, 1, "training")
        return trial_from("scratch")

    monkeypatch.setattr(running, "trial_steps", one)
    asked: list[str] = []
    steps = trials_steps(Written(asked), iter([planned("a"), planned("b")]), tmp_path, total=2)
    if stopped:
        for _ in range(3):  # into the second
            next(steps)
        steps.close()
    else:
        finish(steps)
    assert asked == (["1 written", "1 drawn"] if stopped else ["1 written", "2 written", "2 drawn"])
