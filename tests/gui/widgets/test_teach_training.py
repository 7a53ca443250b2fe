"""Train properly, from the dock."""

import pytest

from napari_hemalens.gui.widgets.teach_training import TrainingRows


@pytest.fixture
def rows(qtbot, taught):
    made = TrainingRows(taught)
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_training_shows_losses_and_a_verdict_and_asks(rows, taught, runner, tuning):
    assert rows.form.options["name"].value == "project"
    assert not rows.verdict.isVisible()
    rows.form.options["epochs"].value = 3
    rows.running.run.click()
    runner.step()
    runner.step()
    assert rows.running.words.text() == "step 1 of 3, loss 1.000"
    assert rows.plot.isVisible()
    runner.run()
    recipe = tuning.asked[0][1]
    assert (recipe.name, recipe.epochs) == ("project", 3)
    assert rows.said.text().startswith("On 40 random cells 50 % were named rightly before, 98 % after")
    assert rows.said.text().endswith("better. Of one image.")
    rows.leave.click()
    assert not rows.verdict.isVisible()
    assert taught.project.weights is None


def test_the_weights_are_used_on_request(rows, taught, runner, tuning):
    rows.running.run.click()
    runner.run()
    rows.use.click()
    assert taught.project.weights.name == str(tuning.card.file)
    assert not rows.said.isVisible()


def test_a_name_that_weights_cannot_have_is_said(rows, taught):
    rows.form.options["name"].value = "a/b"
    rows.running.run.click()
    assert "name" in rows.running.message.text()
    assert not taught.training.running


def test_another_project_gives_its_name(rows, taught, tmp_path):
    taught.open_project(tmp_path / "hairy cells")
    assert rows.form.options["name"].value == "hairy-cells"


def test_a_name_that_was_typed_outlives_another_class(rows, taught):
    rows.form.options["name"].value = "mine"
    taught.change_classes(lambda project: project.add_class("blast"))
    assert rows.form.options["name"].value == "mine"
