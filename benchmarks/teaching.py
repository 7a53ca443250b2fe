"""How long a person waits for Teach and its gallery, in a real window.

    python benchmarks/teaching.py [--cells 5000 20000] [--write]

Cells lie anywhere in a marrow smear of 4,000 x 4,000 pixels. Crops, cache, model, circles and gallery are the real
ones; what the network would say of a crop is replaced by a vector of 512 numbers near that of one of six kinds, since
its own time is that of `hemalens classify`. Two clocks are read: the one on the wall, and the processor time of the
window's thread, which other programs on the machine do not lengthen.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import napari
import numpy as np
import torch
from napari.layers import Layer
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from torch import Tensor

from machine import machine
from napari_hemalens.active_learning import embeddings
from napari_hemalens.atomic import writing
from napari_hemalens.gui.layers import as_layers
from napari_hemalens.gui.widgets.docks import open_dock
from napari_hemalens.progress import Steps
from napari_hemalens.records.detections import Detections, Provenance
from window import smear

PAGE = Path(__file__).parent.parent / "docs" / "results" / "teaching-window.md"
_SIDE, _PIXEL = 4000, 0.15
_LABELS, _SCROLLS = 30, 40
_LOOK_MS, _PACE = 1000, 0.25  # a first look at the window; seconds a key
_CLASSES = ("blast", "myelocyte", "erythroblast", "lymphocyte", "monocyte", "eosinophil")


@dataclass
class Times:
    """Milliseconds on the wall and of the window's thread, by what was done."""

    taken: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    @contextmanager
    def of(self, what: str, since: float | None = None) -> Iterator[None]:
        """Note how long what stands below takes, on the wall from a moment on, if one is given."""
        began = since or time.perf_counter(), time.thread_time()
        yield
        ended = time.perf_counter(), time.thread_time()
        self.taken.setdefault(what, []).append(tuple(1000 * (b - a) for a, b in zip(began, ended, strict=True)))

    def row(self, what: str) -> str:
        """Return the median and the longest on the wall, and the longest of the thread."""
        wall, own = np.array(self.taken[what]).T
        return f"{np.median(wall):,.0f} | {wall.max():,.0f} | {own.max():,.0f}"


class _Network:
    """Stands in for the network."""

    device = "cpu"

    @classmethod
    def load_steps(cls, *_: Any) -> Steps["_Network"]:
        yield from ()
        return cls()


def _name_and_embed(_: _Network, pixels: Tensor) -> tuple[None, Tensor]:
    """Return vectors (n, 512) of six kinds, which the brightness of a crop decides."""
    bright = pixels.float().mean(dim=(1, 2, 3)).numpy()
    kinds = (bright * 7).astype(np.int64) % len(_CLASSES)
    rng = np.random.default_rng(kinds.sum())
    vectors = np.eye(len(_CLASSES), 512)[kinds] * 4 + rng.normal(0, 0.4, (len(kinds), 512))
    return None, torch.from_numpy(vectors.astype(np.float32))


def wait(done: Callable[[], bool]) -> None:
    """Let the window live until something is done."""
    while not done():
        QTest.qWait(5)


def boxes(count: int) -> Detections:
    """Return cells anywhere in the smear."""
    near = np.random.default_rng(0).uniform(60, _SIDE - 120, (count, 2))
    return Detections.from_arrays(
        np.concatenate([near, near + 60], axis=1),
        np.full(count, 0.9),
        np.zeros(count, np.int64),
        names=("lymphocyte",),
        image_shape=(_SIDE, _SIDE),
        provenance=Provenance(pixel_size_um=_PIXEL),
    )


def measured(count: int, folder: Path) -> Times:
    """Open a window, teach so many cells, look at their gallery, and start again."""
    times, viewer = Times(), napari.Viewer()
    viewer.window.resize(1366, 768)
    viewer.add_image(smear(_SIDE), rgb=True, name="smear", scale=(_PIXEL,) * 2, units=("um",) * 2)
    viewer.add_layer(Layer.create(*as_layers(boxes(count), like=viewer.layers["smear"])[0])).visible = False
    widget: Any = open_dock(viewer, "Teach")
    session = widget.session
    wait(lambda: bool(session.devices))
    session.open_project(folder)
    for name in _CLASSES:
        session.change_classes(lambda project, name=name: project.add_class(name))
    with times.of("first start"):
        widget.running.run.click()
        wait(lambda: not session.running)
    teach(widget, times)
    look(widget, times)
    session.open_project(folder.with_name("other"))
    session.open_project(folder)
    with times.of("second start, from the cache"):
        session.resume(widget.form.read())
        wait(lambda: not session.running)
    viewer.close()
    return times


def teach(widget: Any, times: Times) -> None:
    """Name cells by keys: after all has followed the one before, and then at a pace, whatever still goes on."""
    session, drawn = widget.session, []  # empty while circles have still to follow
    session.changed.connect(drawn.clear)
    session.drawn.connect(lambda: drawn.append(True))
    QTest.qWait(_LOOK_MS)  # nobody names a cell before it was seen
    for _ in range(_LABELS):
        with times.of("key until all cells have their colours"):
            with times.of("key until the next cell is shown"):
                press(widget)
            wait(lambda: bool(drawn) and session.taught.is_up_to_date and not session._refitting)
    due = time.perf_counter()
    for _ in range(_LABELS):
        due += _PACE
        while time.perf_counter() < due:
            QTest.qWait(1)
        with times.of("key at four a second, until the next cell is shown", since=due):
            press(widget)
    wait(lambda: bool(drawn) and session.taught.is_up_to_date and not session._refitting)


def press(widget: Any) -> None:
    """Press the key of the right class, and return once the dock has painted the next cell."""
    taught, painted = widget.session.taught, _Painted()
    keys, shown = [each.key for each in taught.project.classes], taught.current
    key = keys[int(taught.embedded.vectors[shown][: len(keys)].argmax())]
    widget.cell.picture.installEventFilter(painted)
    QTest.keyClick(widget.cell, Qt.Key(ord(key)))
    QApplication.sendPostedEvents()
    widget.cell.picture.removeEventFilter(painted)
    if taught.current == shown or not painted.seen:
        raise SystemExit(f"After key {key}, no other cell was shown.")


class _Painted(QObject):
    """Sees whether a widget is painted."""

    seen = False

    def eventFilter(self, _: QObject, event: QEvent) -> bool:  # noqa: N802 -- Qt's
        """Look on."""
        self.seen = self.seen or event.type() == QEvent.Type.Paint
        return False


def look(widget: Any, times: Times) -> None:
    """Open the gallery, scroll through it, and name cells there."""
    with times.of("gallery opened"):
        widget.open_gallery()
        QApplication.processEvents()
    bar = widget.gallery.grid.verticalScrollBar()
    QTest.qWait(500)
    for place in np.linspace(0, bar.maximum(), _SCROLLS).astype(int):
        with times.of("a step of scrolling, to cells not seen before"):
            bar.setValue(int(place))
            widget.gallery.grid.viewport().grab()
    order = [*widget.gallery.gallery.order]
    for first in range(0, 60, 20):
        widget.gallery.grid.rearrange(lambda first=first: widget.gallery.gallery.select_many(order[first : first + 20]))
        with times.of("twenty cells named in the gallery"):
            QTest.keyClick(widget.gallery.grid, Qt.Key.Key_1)  # blast
            QApplication.processEvents()
        wait(lambda: not widget.session._refitting)
        QTest.qWait(50)


def page(found: dict[int, Times]) -> str:
    """Return the page."""
    command = f"python benchmarks/teaching.py --cells {' '.join(map(str, found))} --write"
    lines = [
        "# How long Teach lets a person wait",
        "",
        "Times in a real window on a virtual display with software OpenGL, in milliseconds: median and longest on the "
        "clock, and the longest of the window's own processor time. The machine was shared with other programs, which "
        "lengthens the first two. The network is replaced by vectors of 512 numbers; crops, cache, model, circles and "
        f"gallery are the real ones. Keys: {_LABELS} labels one after the other, then {_LABELS} more at four a second, "
        "each counted from when it was due, whatever the window was doing then.",
        "",
        "```",
        f'$ xvfb-run -a -s "-screen 0 1600x1000x24" {command}',
        machine("napari", "scikit-learn"),
        "```",
    ]
    for count, times in found.items():
        lines += [
            "",
            f"## {count:,} cells",
            "",
            "| what | median | longest | its processor time |",
            "|---|---:|---:|---:|",
        ]
        lines += [f"| {what} | {times.row(what)} |" for what in times.taken]
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure, and print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[5000, 20_000])
    parser.add_argument("--write", action="store_true", help="write the page of results, too")
    options = parser.parse_args()
    embeddings.NetworkClassifier, embeddings.name_and_embed = _Network, _name_and_embed
    embeddings.batch_size = lambda _: 64
    found = {}
    for count in options.cells:
        with tempfile.TemporaryDirectory() as folder:
            found[count] = measured(count, Path(folder) / "project")
    print(page(found))
    if options.write:
        with writing(PAGE) as temporary:
            temporary.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
