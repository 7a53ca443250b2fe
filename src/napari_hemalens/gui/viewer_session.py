"""What every dock's session is: at most one long run at a time, and words about it. No Qt."""

import weakref
from collections.abc import Callable, Generator
from typing import Any, TypeAlias, TypeVar, cast

from napari.components import ViewerModel
from psygnal import Signal

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.running import Listener, Runner, Stop, nothing
from napari_hemalens.progress import RemainingTime
from napari_hemalens.workflows.devices import available_devices

_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError)
"""What says nothing to a person."""


class ViewerSession:
    """A run that goes on or not, for one viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    runner : Runner
        Runs long operations.

    Attributes
    ----------
    running : bool
        Whether a run goes on.
    devices : tuple of (str, str)
        Names and words of the devices of this machine; empty until they are known.
    remaining : RemainingTime
        How much longer the run takes.
    """

    progressed = Signal(str, float)  # words, and the share that is done in 0-1
    remaining_changed = Signal(str)  # how much longer it takes, in words; empty while it is not known
    running_changed = Signal(bool)
    writing_changed = Signal(bool)
    devices_found = Signal()
    _stop_words = ("Stopped. What was found is kept.", "Stopping after these cells…")  # of a run: at its end, till then
    message_sent = Signal(str)  # a sentence for the person, '' takes it back; how the last run ended is of no interest

    def __init__(self, viewer: ViewerModel, runner: Runner) -> None:
        self._viewer = weakref.ref(viewer)
        self._runner = runner
        self._stop: Stop = nothing
        self._writers: dict[object, Stop] = {}
        self._summary = ""  # what is said at the end, where it does not end by itself
        self._refused = ""  # why the last thing that was tried could not be done, while that is what is said
        self._share = 0.0
        self.remaining = RemainingTime()
        self.running = False
        self.devices: tuple[tuple[str, str], ...] = ()
        self.message_sent.connect(self._on_said)

    @property
    def runner(self) -> Runner:
        """What runs long operations of this viewer."""
        return self._runner

    @property
    def completed(self) -> bool:
        """Whether the last run has come to its end by itself: nobody has stopped it, and it has not failed."""
        return not self._summary

    @property
    def writing(self) -> bool:
        """Whether files are being written, beside a run or without one."""
        return bool(self._writers)

    def stop(self) -> None:
        """Ask the run to stop; what was found so far stays. Without a run, the writing of files stops."""
        if not self.running:
            for stop in tuple(self._writers.values()):
                stop()
        self._halt(*self._stop_words)

    def refuse(self, why: str) -> None:
        """Say why something cannot be done, until something is done or something else is chosen."""
        self.message_sent.emit(why)
        self._refused = why

    def take_back(self, *_: object) -> None:
        """Say no longer what was refused: something else is chosen now."""
        if self._refused:
            self.message_sent.emit("")

    def look_for_devices(self) -> None:
        """Find out what there is to compute on; it loads torch, which takes seconds, and is told to each that asks."""
        if self.devices:
            self.devices_found.emit()  # to a dock that is opened again
        else:
            self._runner.run_in_background(
                _devices(), Listener(on_step=self._on_devices, on_error=self._on_error_beside)
            )

    def _begin(self, steps: Generator[Any, None, Any], on_step: Callable[[Any], object]) -> None:
        self._summary, self._share = "", 0.0
        self.remaining.restart()
        self._set_running(True)
        listener = Listener(on_step=on_step, on_error=self._on_error, on_end=self._on_end)
        self._stop = self._runner.run_in_background(steps, listener)

    def _try(self, act: Callable[[], object]) -> bool:
        """Do something, or say why it cannot be done; once something is done, what was refused before is not said."""
        try:
            act()
        except HemaLensError as error:
            self.refuse(str(error))
            return False
        self.take_back()
        return True

    def _on_said(self, _: str) -> None:
        self._refused = ""

    def _write(self, steps: Generator[str, None, None]) -> None:
        """Write files away from the window; what the steps say is shown as it comes."""
        key, stopped = object(), []

        def stop() -> None:
            stopped.append(True)
            asked()

        def on_end() -> None:
            del self._writers[key]
            self.writing_changed.emit(self.writing)
            if stopped:
                self.message_sent.emit("Stopped. Files that were whole are kept.")

        self._writers[key] = stop
        self.writing_changed.emit(True)
        listener = Listener(on_step=self.message_sent.emit, on_error=self._on_error_beside, on_end=on_end)
        asked = self._runner.run_in_background(steps, listener)

    def _halt(self, summary: str, words: str) -> None:
        """Ask the run to stop, once."""
        if self.running and not self._summary:
            self._summary = summary
            self.progressed.emit(words, self._share)
            self.remaining_changed.emit("")
            self._stop()

    def _show_progress(self, words: str, share: float) -> None:
        self._share = share
        self.progressed.emit(words, share)
        self.remaining.note(share)
        self.remaining_changed.emit(self.remaining.words)

    def _on_end(self) -> None:
        self._set_running(False)
        self.progressed.emit(self._summary or self._done(), 1.0)
        self.remaining_changed.emit("")

    def _done(self) -> str:
        """Return what is said of a run that came to its end by itself."""
        return "Done."

    def _on_error(self, error: Exception) -> None:
        self._summary = "Not finished."  # the reason stands below it
        self.message_sent.emit(why_not(error))

    def _on_error_beside(self, error: Exception) -> None:
        """Say what failed beside a run, which goes on."""
        self.message_sent.emit(why_not(error))

    def _on_devices(self, devices: tuple[tuple[str, str], ...]) -> None:
        self.devices = devices
        self.devices_found.emit()

    def _set_running(self, running: bool) -> None:
        self.running = running
        self.running_changed.emit(running)


A = TypeVar("A", bound=ViewerSession)
_Begun: TypeAlias = dict[type[ViewerSession], ViewerSession]
_SESSIONS: "weakref.WeakKeyDictionary[ViewerModel, _Begun]" = weakref.WeakKeyDictionary()


def session_for(kind: type[A], viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> A:
    """Return what goes on of a kind in a viewer, begun at the first call: a dock opened again finds its results.

    napari hands widgets a proxy of the viewer; what goes on belongs to the viewer itself.
    """
    itself = getattr(viewer, "__wrapped__", viewer)
    begun = _SESSIONS.setdefault(itself, {})
    if kind not in begun:
        begun[kind] = kind(itself, runner(itself))
    return cast("A", begun[kind])


def why_not(error: Exception) -> str:
    """Return why something could not be done: a refusal as it is, since it is a sentence; the rest as a failure."""
    if isinstance(error, HemaLensError):
        return str(error)
    ours = isinstance(error, _FAULTS)
    why = f"a fault of HemaLens, {type(error).__name__}: {error}. Please report it." if ours else str(error)
    return f"It failed: {why}"


def _devices() -> Generator[tuple[tuple[str, str], ...], None, None]:
    yield available_devices()
