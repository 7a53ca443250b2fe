"""At most one run at a time, and one session of a kind a viewer."""

from itertools import count

from napari.components import ViewerModel

from napari_hemalens.errors import WeightsError
from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.viewer_session import ViewerSession, session_for
from napari_hemalens.progress import RemainingTime


def test_a_viewer_has_one_session_of_a_kind(runner):
    viewer = ViewerModel()
    session = session_for(ViewerSession, viewer, lambda _: runner)
    assert session_for(ViewerSession, viewer, lambda _: runner) is session
    assert session_for(ViewerSession, ViewerModel(), lambda _: runner) is not session


def test_a_run_completes_by_itself(viewer, runner):
    session, messages = ViewerSession(viewer, runner), []
    session.progressed.connect(lambda message, _: messages.append(message))
    session._begin((step for step in "ab"), print)
    assert session.running
    runner.run()
    assert session.completed
    assert not session.running
    assert messages == ["Done."]


def test_files_are_written_beside_a_run_and_stop_after_it(viewer, runner):
    session, messages, writing, closed = ViewerSession(viewer, runner), [], [], []
    session.message_sent.connect(messages.append)
    session.writing_changed.connect(writing.append)

    def steps():
        try:
            yield "Saving: tile 1"
            yield "Saved."
        finally:
            closed.append(True)

    session._begin((step for step in "ab"), print)
    session._write(steps())
    session.stop()
    assert (session.running, session.writing) == (False, True)
    runner.step()
    session.stop()
    assert (messages, writing) == (["Saving: tile 1", "Stopped. Files that were whole are kept."], [True, False])
    assert closed == [True]
    session.stop()
    assert len(messages) == 2

    session._write(steps())
    runner.run()
    assert messages[2:] == ["Saving: tile 1", "Saved."]
    assert not session.writing


def test_it_is_said_how_much_longer_a_run_takes_until_it_ends(viewer, runner):
    session, left, minutes = ViewerSession(viewer, runner), [], count(0, 60)
    session.remaining = RemainingTime(lambda: float(next(minutes)))
    session.remaining_changed.connect(left.append)
    for _ in range(2):  # a second run is measured anew
        session._begin((0.1 * tenths for tenths in (0, 1, 3, 5)), lambda share: session._show_progress("", share))
        runner.run()
        assert left == ["", "", "", "about 2 minutes left", ""]
        left.clear()


def test_a_refusal_is_said_as_it_is_and_a_fault_of_ours_is_called_so(viewer, runner):
    session, messages = ViewerSession(viewer, runner), []
    session.message_sent.connect(messages.append)
    for error in (WeightsError("No weights 'x'."), KeyError("x"), OSError("disk full")):
        session._on_error(error)
    assert messages == [
        "No weights 'x'.",
        "It failed: a fault of HemaLens, KeyError: 'x'. Please report it.",
        "It failed: disk full",
    ]


def test_devices_are_looked_for_once_and_told_to_each_that_asks(viewer, runner, monkeypatch):
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU"),)))
    session, told = ViewerSession(viewer, runner), []
    session.devices_found.connect(lambda: told.append(session.devices))
    session.look_for_devices()
    runner.run()
    session.look_for_devices()  # by a dock that is opened again
    assert told == [(("cpu", "CPU"),)] * 2
    assert runner.jobs == []


def test_what_was_refused_is_said_until_something_else_is_chosen(viewer, runner):
    session, messages = ViewerSession(viewer, runner), []
    session.message_sent.connect(messages.append)
    session.refuse("There is no image.")
    session.take_back()
    session.take_back()
    session.message_sent.emit("Copied.")  # no refusal
    session.take_back()
    assert messages == ["There is no image.", "", "Copied."]
