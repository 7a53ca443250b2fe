"""Steps whose result is kept."""

from napari_hemalens.gui.running import KeepResult, Listener, without_partials
from napari_hemalens.progress import Progress


def steps():
    yield Progress(1, 2, "one")
    yield Progress(2, 2, "two")
    return "result"


def test_steps_are_looped_over_and_their_result_is_kept():
    kept = KeepResult(steps())
    assert [progress.message for progress in kept] == ["one", "two"]
    assert kept.result == "result"


def test_steps_are_told_of_without_what_was_found():
    def found():
        yield Progress(1, 2, "one", [1, 2, 3])
        return [1, 2, 3]

    assert [*without_partials(found())] == [Progress(1, 2, "one")]


def test_a_listener_need_not_listen_to_everything():
    heard: list[int] = []
    listener = Listener(on_step=heard.append)
    listener.on_step(1)
    listener.on_end()
    listener.on_error(ValueError("nobody hears of it"))
    assert heard == [1]
