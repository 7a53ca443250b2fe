"""At most one run at a time, and one session of a kind a viewer."""

from napari.components import ViewerModel

from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.viewer_session import ViewerSession, session_for


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


def test_devices_are_looked_for_once(viewer, runner, monkeypatch):
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU"),)))
    session = ViewerSession(viewer, runner)
    session.look_for_devices()
    runner.run()
    session.look_for_devices()
    assert session.devices == (("cpu", "CPU"),)
    assert runner.jobs == []
