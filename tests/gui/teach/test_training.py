"""Training beside the teaching: losses, Stop, what came out, and what becomes of it."""

from types import SimpleNamespace

import pytest

from napari_hemalens.config.options import FineTuningRecipe
from napari_hemalens.errors import TrainingError, WeightsError
from napari_hemalens.gui.teach import training as module
from napari_hemalens.gui.teach.training import name_for

RECIPE = FineTuningRecipe(name="mine")


@pytest.fixture
def training(taught):
    found = taught.training
    found.said = []
    found.message_sent.connect(found.said.append)
    return found


def test_losses_and_what_came_out_are_told_while_cells_are_labelled(taught, training, runner):
    training.train(taught.taught, RECIPE)
    runner.step()
    runner.step()
    assert training.losses == [(1, 1.0)]
    taught.press("1")
    assert taught.taught.pool.counts["dark"] == 1
    runner.run()
    assert [step for step, _ in training.losses] == [1, 2, 3]
    assert training.tuned.sentence.endswith(": better.")
    assert not training.running


def test_stopped_it_keeps_what_labels_there_are_and_begins_again(taught, training, runner, tuning):
    words = []
    training.progressed.connect(lambda said, _: words.append(said))
    training.train(taught.taught, RECIPE)
    training.train(taught.taught, RECIPE)  # already running
    runner.step()
    training.stop()
    assert (
        words[-1] == "Stopped. With the same labels, it goes on from its last checkpoint; with others, it begins anew."
    )
    assert (training.running, training.tuned) == (False, None)
    training.train(taught.taught, RECIPE)
    runner.run()
    assert len(tuning.asked) == 2
    assert training.tuned is not None


def test_what_cannot_be_trained_is_said(taught, training, tuning):
    training.train(None, RECIPE)
    tuning.error = TrainingError("Training takes two classes.")
    training.train(taught.taught, RECIPE)
    assert training.said == ["Look at the cells and label some first.", "Training takes two classes."]
    assert not training.running


def test_weights_are_used_only_if_the_person_says_so(taught, training, runner, monkeypatch):
    installed = []

    def install(source):
        yield from ()
        installed.append(source)

    monkeypatch.setattr(module, "add_weights_steps", install)
    before = taught.project.weights
    training.adopt()
    training.train(taught.taught, RECIPE)
    runner.run()
    card = training.tuned.card
    training.forget()
    training.adopt()
    assert (taught.project.weights, installed) == (before, [])
    training.train(taught.taught, RECIPE)
    runner.run()
    training.adopt()
    runner.run()
    assert (taught.project.weights.name, taught.project.weights.sha256) == (str(card.file), card.sha256)
    assert installed == [str(card.file)]
    assert "Own classes" in training.said[-1]
    assert training.tuned is None


def test_where_the_name_is_taken_the_file_is_named(taught, training, runner, monkeypatch):
    def refuse(_):
        yield from ()
        raise WeightsError("The name 'mine' is taken.")

    monkeypatch.setattr(module, "add_weights_steps", refuse)
    training.train(taught.taught, RECIPE)
    runner.run()
    file = training.tuned.card.file
    training.adopt()
    runner.run()
    assert str(file) in training.said[-1]
    assert training.said[-1].endswith("The name 'mine' is taken.")


def test_weights_are_not_adopted_by_a_project_that_was_closed(taught, training, runner):
    training.train(taught.taught, RECIPE)
    runner.run()
    taught.project.close()
    training.adopt()
    assert "open to be looked at only" in training.said[-1]


@pytest.mark.parametrize(
    ("folder", "name"), [("Hairy cells (2)", "Hairy-cells-2"), ("é", "taught"), ("a" * 80, "a" * 64)]
)
def test_weights_are_named_after_the_folder(tmp_path, folder, name):
    assert name_for(SimpleNamespace(folder=tmp_path / folder)) == name
    FineTuningRecipe(name=name)
