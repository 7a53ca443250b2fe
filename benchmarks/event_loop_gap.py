"""How long the window is dead, at worst, while a dock works: the longest gap of the event loop.

    python benchmarks/event_loop_gap.py [--only NAME ...] [--write]

A timer that should tick every 5 ms runs beside each piece of work in a real window, until the last of it is drawn. A
gap is the time between two ticks. Two clocks are read: the one on the wall, and the processor time of the window's
thread, which other programs on the machine do not lengthen. What an idle window does is measured beside it. With
--write, all of it and the answers to a person's edits (`editing.py`) become docs/results/event_loop.md.

Run it twice, without PYTHONDONTWRITEBYTECODE: compiling modules of torch that were never imported before, which a
worker does when it first detects, holds up the window for up to a second.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import napari
import numpy as np
from qtpy.QtTest import QTest

import editing
from machine import machine
from napari_hemalens.atomic import writing
from window import Gaps, dock, smear, ticking, wait, window

PAGE = Path(__file__).parents[1] / "docs" / "results" / "event_loop.md"
_TICK = 5  # milliseconds
_IDLE_MS = 10_000
_AIM_MS = 100
_SIDE, _HUGE, _CHUNK = 4000, 10_000, 1000  # pixels
_PATIENCE_S = 120
_CELLS, _EXPLAINED = 2000, 100
_RADIUS = 30  # pixels
_ALONE = ("labels", "image", "boxes")
_HEAD = (
    "| work | cells | seconds | longest gap | above idle | of its own | 99 % of gaps |\n|---|---|---|---|---|---|---|"
)

Work = Callable[[], int]
"""Does something in a window; returns how many cells it was about."""


def detecting(viewer: napari.Viewer, patience: float = np.inf) -> Work:
    """Return what finds the cells of the image, all or for so many seconds, until the last box is drawn."""
    widget = dock(viewer, "Detect cells")

    def work() -> int:
        results = widget.session.results
        widget.running.run.click()
        until = time.monotonic() + patience
        wait(lambda: not widget.session.running or time.monotonic() > until)
        widget.running.stop.click()  # which does nothing after the end
        wait(lambda: not widget.session.running and not any(f.following for f in results.fields))
        QTest.qWait(500)  # the last picture
        return sum(len(found) for found in results.detections())

    return work


def discs(count: int) -> np.ndarray:
    """Return the label image of so many round cells on a grid."""
    columns = int(np.ceil(np.sqrt(count)))
    step = _SIDE // columns
    labels = np.zeros((_SIDE, _SIDE), dtype=np.int32)
    y, x = np.ogrid[:step, :step]
    disc = (y - step // 2) ** 2 + (x - step // 2) ** 2 <= min(_RADIUS, step // 2 - 1) ** 2
    for number in range(count):
        row, column = divmod(number, columns)
        labels[row * step : (row + 1) * step, column * step : (column + 1) * step][disc] = number + 1
    return labels


def working_on_labels(viewer: napari.Viewer, name: str, count: int) -> Work:
    """Return what a dock does with so many cells of a label image."""
    labels = viewer.add_labels(discs(count), name="cells", scale=viewer.layers["smear"].scale, units=("um", "um"))
    widget = dock(viewer, name)
    widget.form.options["task"].value = "leukocyte"
    widget.cells.value = labels

    def work() -> int:
        widget.running.run.click()
        wait(lambda: not widget.session.running)
        QTest.qWait(500)
        return count

    return work


def alone(viewer: napari.Viewer, kind: str) -> Work:
    """Return what adds a layer as napari does it, without HemaLens: of 'labels', 'image' or 'boxes'."""
    rng, place = np.random.default_rng(0), {"scale": viewer.layers["smear"].scale, "units": ("um", "um")}
    corners = rng.integers(0, _SIDE - 60, (_CELLS, 1, 2)) + np.array([[0, 0], [0, 60], [60, 60], [60, 0]])
    cells, heat = discs(_CELLS), rng.random((_SIDE, _SIDE), np.float32)
    of: dict[str, Callable[[], Any]] = {
        "labels": lambda: viewer.add_labels(cells, **place),
        "image": lambda: viewer.add_image(heat, colormap="inferno", **place),
        "boxes": lambda: viewer.add_shapes(list(corners), shape_type="rectangle", face_color="transparent", **place),
    }

    def work() -> int:
        of[kind]()
        QTest.qWait(2000)
        return 1 if kind == "image" else _CELLS

    return work


def works(names: list[str]) -> dict[str, list[Gaps | int | float]]:
    """Do all that is asked for, each in a window of its own; return gaps, cells and seconds of each."""
    wide, huge = smear(_SIDE), da.tile(da.from_array(smear(_CHUNK)), (_HUGE // _CHUNK, _HUGE // _CHUNK, 1))
    known: dict[str, tuple[Any, Callable[[napari.Viewer], Work]]] = {
        "idle": (wide, lambda _: lambda: QTest.qWait(_IDLE_MS) or 0),
        "detect": (wide, detecting),
        "detect again": (wide, detecting),
        "classify": (wide, lambda viewer: working_on_labels(viewer, "Classify cells", _CELLS)),
        "attention": (wide, lambda viewer: working_on_labels(viewer, "Attention", _EXPLAINED)),
        "dask": (huge, lambda viewer: detecting(viewer, _PATIENCE_S)),
        **{kind: (wide, lambda viewer, kind=kind: alone(viewer, kind)) for kind in _ALONE},
    }
    measured: dict[str, list[Gaps | int | float]] = {}
    for name in names or known:
        image, begin = known[name]
        viewer = window(image)
        work = begin(viewer)
        QTest.qWait(2000)
        start = time.perf_counter()
        with ticking(_TICK) as gaps:
            cells = work()
        measured[name] = [gaps, cells, time.perf_counter() - start]
        print(_row(name, measured[name], measured.get("idle")), flush=True)
        viewer.close()
    return measured


_TITLES = {
    "idle": "nothing, for ten seconds",
    "detect": "Detect cells, 4,000 x 4,000, the first of a session",
    "detect again": "Detect cells, 4,000 x 4,000, in another window",
    "classify": "Classify cells",
    "attention": "Attention",
    "dask": "Detect cells, 10,000 x 10,000 of dask, stopped after two minutes",
    "labels": "napari alone: a layer of labels, 4,000 x 4,000",
    "image": "napari alone: a layer of a heatmap, 4,000 x 4,000",
    "boxes": "napari alone: a layer of boxes",
}


def _row(name: str, measured: list[Any], idle: list[Any] | None) -> str:
    gaps, cells, seconds = measured
    wall, own = np.array(gaps.wall), np.array(gaps.own)
    above = "" if idle is None or name == "idle" else f"{wall.max() - max(idle[0].wall):,.0f} ms"
    return (
        f"| {_TITLES[name]} | {cells:,} | {seconds:,.0f} | {wall.max():,.0f} ms | {above} | {own.max():,.0f} ms | "
        f"{np.percentile(wall, 99):,.0f} ms |"
    )


def _page(measured: dict[str, list[Any]], edits: str) -> str:
    """Return the page."""
    idle = measured.get("idle")
    rows = [_row(name, each, idle) for name, each in measured.items()]
    longest = [max(each[0].wall) for name, each in measured.items() if name not in {"idle", *_ALONE}]
    missed = idle is not None and min(longest) - max(idle[0].wall) > _AIM_MS
    return f"""# How long the window is dead

The longest gap of the event loop while a dock works, until the last of it is drawn, in a real window of 1366 x 768 on a
virtual display with software OpenGL: `python benchmarks/event_loop_gap.py {" ".join(sys.argv[1:])}`, on
{machine("napari")}. The machine was shared: over the last quarter of an hour {os.getloadavg()[2]:.1f} programs
wanted its cores at once. The column "of its own" is processor time of the window's thread, which the others do not
lengthen.

{_HEAD}
{chr(10).join(rows)}

The aim is 100 ms above an idle window{"; on the wall no work reached it here" if missed else ""}. Sampled while cells
were detected, classified and explained, the longest gaps lie where napari adds a layer: its visual, its controls, its
place in the list. The last rows are that by itself, in a window without HemaLens. Before, the gaps lay in Python's
search for garbage among all that napari and torch keep, which is now put off during a run, in the first picture of a
layer, whose programs are now put together one a picture, and in the colours of labels in 16 bits, which napari looks
up one by one.

## A person's edits, with 5,000 cells on screen

Median and longest of 15: until the call returns, until all that it changed is drawn, and the longest gap of the loop
meanwhile, on the wall and of the window's own processor time (`python benchmarks/editing.py`). The aim is 50 ms. The
rows of napari alone are of a window without HemaLens, with as many boxes and points as the others have: where one of
them is above the aim, software OpenGL and napari leave no room for it.

{edits}
"""


def main() -> None:
    """Measure, print a table, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], choices=list(_TITLES), metavar="NAME", help=", ".join(_TITLES))
    parser.add_argument("--write", action="store_true", help="write the page")
    options = parser.parse_args()
    print(f"{machine()}\n{_HEAD}", flush=True)
    measured = works(options.only)
    if options.write:
        with writing(PAGE) as part:
            part.write_text(_page(measured, editing.table()), encoding="utf-8")


if __name__ == "__main__":
    main()
