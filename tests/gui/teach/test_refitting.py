"""The model of a pool follows its labels, one refit at a time."""

from napari_hemalens.errors import WeightsError


def test_labels_given_during_a_refit_are_learned_after_it(taught, runner):
    for _ in range(2):
        taught.press("1")
        runner.draw()
        assert len(runner.jobs) == 1
    runner.run()
    assert taught.taught.is_up_to_date


def test_a_refit_that_fails_is_said_and_tried_again_after_the_next_label(taught, runner, monkeypatch):
    said = []
    taught.message_sent.connect(said.append)

    def fail(_):
        yield from ()
        raise WeightsError("no luck")

    with monkeypatch.context() as patched:
        patched.setattr("napari_hemalens.gui.teach.refitting.run_refit", fail)
        taught.press("1")
        runner.run()
    assert said == ["The model could not be fitted: no luck"]
    assert not taught.taught.is_up_to_date
    taught.press("2")
    runner.run()
    assert taught.taught.is_up_to_date


def test_the_model_of_an_earlier_pool_is_not_taken(taught, runner, tmp_path):
    taught.press("1")
    taught.open_project(tmp_path / "another")
    runner.run()
    assert taught.taught is None
