"""What benchmarks of a real window share: an image, a dock with its devices, and the gaps of the event loop."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import napari
import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest

PIXEL = 0.15
"""Micrometres a pixel of the smear."""

_SMEAR = Path(__file__).parents[1] / "sample_data" / "marrow_smear.tif"


@dataclass
class Gaps:
    """The times between the ticks of a timer, in milliseconds: on the wall, and of the window's own thread."""

    wall: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    _last: tuple[float, float] | None = None

    def tick(self) -> None:
        """Note how long ago the last tick was."""
        now = time.perf_counter(), time.thread_time()
        if self._last is not None:
            self.wall.append(1000 * (now[0] - self._last[0]))
            self.own.append(1000 * (now[1] - self._last[1]))
        self._last = now


@contextmanager
def ticking(milliseconds: int) -> Iterator[Gaps]:
    """Measure the gaps of the loop with a timer that should tick so often."""
    gaps, timer = Gaps(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(gaps.tick)
    gaps.tick()
    timer.start(milliseconds)
    yield gaps
    timer.stop()


def smear(side: int) -> np.ndarray:
    """Return the rendered marrow smear, repeated to a square of `side` pixels."""
    tile = iio.imread(_SMEAR)
    repeats = [-(-side // length) for length in tile.shape[:2]]
    return np.tile(tile, (*repeats, 1))[:side, :side]


def window(image: Any) -> napari.Viewer:
    """Return a window of a laptop's size that shows an image (H, W, 3)."""
    viewer = napari.Viewer()
    viewer.window.resize(1366, 768)
    viewer.add_image(image, rgb=True, name="smear", scale=(PIXEL, PIXEL), units=("um", "um"))
    return viewer


def dock(viewer: napari.Viewer, name: str) -> Any:
    """Open a dock, and wait until it knows what there is to compute on."""
    _, widget = viewer.window.add_plugin_dock_widget("napari-hemalens", name)
    wait(lambda: bool(widget.session.devices))
    QTest.qWait(1000)
    return widget


def wait(done: Callable[[], bool], milliseconds: int = 50) -> None:
    """Let the window live until something is so."""
    while not done():
        QTest.qWait(milliseconds)
