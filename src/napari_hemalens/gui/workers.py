"""The only module that knows threads: long operations away from the window, drawing between its events."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

from napari.components import ViewerModel
from napari.qt.threading import GeneratorWorker, create_worker
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer

from napari_hemalens.gui.garbage import searching_all_seldom
from napari_hemalens.gui.mesa import work_around_mesa
from napari_hemalens.gui.running import Listener, Stop

_PAUSE_MS = 1  # long enough for the window to answer its events, too short to be seen


class _DisguisedError(Exception):
    """A RuntimeError on its way to the window: superqt takes one for the end of a deleted worker."""

    def __init__(self, error: RuntimeError) -> None:
        super().__init__(str(error))
        self.error = error


class QtRunner(QObject):
    """Runs the long operations of one viewer.

    It belongs to the window of the viewer, and its timers go with it. Workers are napari's: napari asks them to stop
    when the window closes, and nobody is told of anything from then on.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        window = getattr(viewer, "window", None)
        super().__init__(window._qt_window if window is not None else None)

    def run_in_background(self, steps: Generator[Any, None, Any], listener: Listener) -> Stop:
        """Run steps in a thread; return what asks them to stop, which they do at the next step."""
        work_around_mesa()  # steps load torch, and their results come and go
        asked: list[bool] = []

        def drive() -> Iterator[Any]:
            try:
                with searching_all_seldom():
                    yield from steps
            except RuntimeError as error:
                raise _DisguisedError(error) from error

        worker: GeneratorWorker = create_worker(drive, _ignore_errors=True)
        heard = [listener]

        def stop() -> None:
            asked.append(True)
            worker.quit()

        def while_open(tell: Callable[[Listener, Any], object]) -> Callable[..., None]:
            """Let news through, unless napari has stopped the worker because its window is gone."""

            def told(news: Any = None) -> None:
                if isalive(self) and (asked or not worker.abort_requested):
                    for each in heard:
                        tell(each, news)

            return told

        worker.yielded.connect(while_open(lambda to, step: to.on_step(step)))
        worker.errored.connect(while_open(lambda to, error: to.on_error(_itself(error))))
        worker.finished.connect(steps.close)  # an aborted generator must free its files
        worker.finished.connect(while_open(lambda to, _: to.on_end()))
        # napari's list of tasks keeps each worker for as long as its window: a worker that kept its listener would keep
        # a dock that was closed, with its images and results.
        worker.finished.connect(heard.clear)
        worker.start()
        return stop

    def run_idle(self, steps: Iterator[None]) -> Stop:
        """Run steps one by one, with the events of the window in between."""
        timer = QTimer(self)
        timer.setInterval(_PAUSE_MS)
        timer.setSingleShot(True)  # begun again after each step: one that is late would come before all other timers
        stopped: list[bool] = []

        def stop() -> None:
            stopped.append(True)
            if isalive(timer):
                timer.stop()
                timer.deleteLater()

        def step() -> None:
            if next(steps, timer) is timer:
                stop()
            elif not stopped and isalive(timer):
                timer.start()

        timer.timeout.connect(step)
        timer.start()
        return stop

    def run_later(self, act: Callable[[], object], seconds: float) -> None:
        """Do something in a while; the timer goes with the window."""
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(act)
        timer.timeout.connect(timer.deleteLater)
        timer.start(round(1000 * seconds))


def _itself(error: Exception) -> Exception:
    """Return an error as it was raised: a refusal among them is a sentence of its own."""
    return error.error if isinstance(error, _DisguisedError) else error
