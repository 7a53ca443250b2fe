"""Long operations in threads, with the messages in the thread of the window."""

import gc
import threading
import weakref

import pytest
from napari.components import ViewerModel
from napari.qt.threading import create_worker

from napari_hemalens.errors import ProjectError
from napari_hemalens.gui import workers
from napari_hemalens.gui.running import Listener
from napari_hemalens.gui.workers import QtRunner


def test_steps_run_in_a_thread_and_are_heard_in_this_one(qtbot):
    seen, ended, threads = [], [], []

    def steps():
        threads.append(threading.current_thread())
        yield 1
        yield 2

    runner = QtRunner(ViewerModel())
    listener = Listener(on_step=lambda n: seen.append((n, threading.current_thread())), on_end=lambda: ended.append(1))
    runner.run_in_background(steps(), listener)
    qtbot.waitUntil(lambda: bool(ended), timeout=20_000)
    assert seen == [(1, threading.main_thread()), (2, threading.main_thread())]
    assert threads != [threading.main_thread()]


@pytest.mark.parametrize("error", [RuntimeError("broken"), ProjectError("The folder is no project.")])
def test_a_runtime_error_reaches_the_listener_as_it_was_raised(qtbot, error):
    def steps():
        yield 1
        raise error

    errors, runner = [], QtRunner(ViewerModel())
    runner.run_in_background(steps(), Listener(on_error=errors.append))
    qtbot.waitUntil(lambda: bool(errors), timeout=20_000)
    assert errors == [error]


def test_idle_steps_run_to_their_end(qtbot):
    taken, runner = [], QtRunner(ViewerModel())
    runner.run_idle(taken.append(n) for n in range(3))
    qtbot.waitUntil(lambda: len(taken) == 3, timeout=20_000)


def test_something_is_done_later_once_and_not_before(qtbot, viewer):
    done = []
    runner = QtRunner(viewer)
    runner.run_later(lambda: done.append(1), 0.01)
    assert done == []
    qtbot.waitUntil(lambda: done == [1])


def test_a_worker_that_napari_keeps_keeps_no_listener(qtbot, monkeypatch):
    listed = []  # as napari's list of tasks does for as long as its window lives

    def create_and_list(*args, **options):
        listed.append(create_worker(*args, **options))
        return listed[-1]

    monkeypatch.setattr(workers, "create_worker", create_and_list)

    class Dock:
        ended = False

        def end(self):
            Dock.ended = True

    def run():
        dock = Dock()
        QtRunner(ViewerModel()).run_in_background((n for n in range(2)), Listener(on_end=dock.end))
        return weakref.ref(dock)

    kept = run()
    qtbot.waitUntil(lambda: Dock.ended, timeout=20_000)
    qtbot.waitUntil(lambda: gc.collect() >= 0 and kept() is None)
