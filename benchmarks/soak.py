"""Work in a real window for a long time, and see that nothing grows (`make soak`).

`python benchmarks/soak.py SECONDS` opens napari once, and in cycles adds a small image, opens the docks Detect cells,
Classify cells and Attention, runs each, corrects cells, saves, opens what was saved, and closes all again. After each
cycle it counts what the process holds; what grows beyond its bound after the first cycles ends it with exit code 1.
A run of a quarter of an hour or more writes docs/results/soak.md.
"""

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import napari
import numpy as np
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from machine import machine

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "results" / "soak.md"
PAGE_FROM_S = 900
PATIENCE_S = 300
WARM_CYCLES = 4
"""First cycles, in which shaders are compiled, weights loaded and caches filled."""
BOUNDS = {
    "memory (MiB)": 2.0,
    "threads": 0.1,
    "open files": 0.1,
    "Qt widgets": 1.0,
    "callbacks": 0.5,
    "layers": 0.0,
    "Qt objects that filter or watch the window": 0.1,
}
"""What each may grow by a cycle, as the slope of a line through the cycles after the first ones."""
DOCKS = ("Detect cells", "Classify cells", "Attention")


def held(viewer: napari.Viewer) -> dict[str, float]:
    """Return what the process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    window = viewer.window._qt_window
    emitters = [*viewer.events.emitters.values(), *viewer.layers.events.emitters.values()]
    emitters += [*viewer.layers.selection.events.emitters.values(), *viewer.dims.events.emitters.values()]
    return {
        "memory (MiB)": pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "open files": len(list(Path("/proc/self/fd").iterdir())),
        "Qt widgets": len(QApplication.allWidgets()),
        "callbacks": sum(map(living, emitters)) + len(viewer.mouse_drag_callbacks),
        "layers": len(viewer.layers),
        "Qt objects that filter or watch the window": len(window.children()),
    }


def living(emitter: Any) -> int:
    """Return how many callbacks of an emitter have an owner that lives; napari drops the others when it next emits."""
    return sum(not isinstance(each, tuple) or each[0]() is not None for each in emitter.callbacks)


def wait(done: Callable[[], bool]) -> None:
    """Let the window live until something is so."""
    until = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > until:
            raise SystemExit("A run did not end.")
        QTest.qWait(50)


def open_docks(viewer: napari.Viewer) -> list[Any]:
    """Open the docks; return them."""
    widgets = [viewer.window.add_plugin_dock_widget("napari-hemalens", name, tabify=True)[1] for name in DOCKS]
    wait(lambda: all(widget.session.devices for widget in widgets))
    return widgets


def run(widget: Any) -> None:
    """Press Run when that is possible, and wait for the end."""
    wait(widget.running.run.isEnabled)
    widget.running.run.click()
    wait(lambda: not widget.session.running)


def correct(detect: Any, boxes: Any) -> None:
    """Name a cell, add one, delete one, and undo that."""
    boxes.selected_data = {0}
    detect.session.results.classify("blast")
    boxes.add_rectangles([[10, 10], [10, 40], [40, 40], [40, 10]])
    boxes.selected_data = {1}
    boxes.remove_selected()
    QTest.qWait(50)
    detect.session.results.undo()


def cycle(viewer: napari.Viewer, image: np.ndarray, folder: Path, number: int) -> None:
    """Do all of it once."""
    viewer.add_image(image, rgb=True, name="field", scale=(0.15, 0.15), units=("um", "um"))
    detect, classify, attention = open_docks(viewer)
    run(detect)
    wait(lambda: not any(field.following for field in detect.session.results.fields))
    boxes = viewer.layers["field cells"]
    correct(detect, boxes)
    detect.session.save(folder / str(number), ("csv", "coco"))
    wait(lambda: (folder / str(number) / "run.json").exists() and not detect.session.running)
    for widget in (classify, attention):
        widget.form.options["task"].value = "leukocyte"
        widget.cells.value = boxes
        run(widget)
    viewer.open(folder / str(number) / "coco.json", plugin="napari-hemalens")
    QTest.qWait(100)
    for widget in (detect, classify, attention):
        viewer.window.remove_dock_widget(widget)
    viewer.layers.clear()
    QTest.qWait(300)


def growth(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return by how much each grows a cycle, after the first cycles."""
    kept = rows[min(WARM_CYCLES, max(0, len(rows) - 2)) :]
    if len(kept) < 2:
        return dict.fromkeys(BOUNDS, 0.0)
    return {name: float(np.polyfit(np.arange(len(kept)), [row[name] for row in kept], 1)[0]) for name in BOUNDS}


def beyond(rows: list[dict[str, float]]) -> list[str]:
    """Return what grows beyond its bound."""
    return [name for name, slope in growth(rows).items() if slope > BOUNDS[name]]


def table(rows: list[dict[str, float]]) -> str:
    """Return what was held and how it grew, as a table."""
    first = rows[min(WARM_CYCLES, len(rows) - 1)]
    lines = ["| | after the first cycles | at the end | growth a cycle | bound |", "|---|---|---|---|---|"]
    for name, slope in growth(rows).items():
        lines.append(f"| {name} | {first[name]:,.0f} | {rows[-1][name]:,.0f} | {slope:+.2f} | {BOUNDS[name]:g} |")
    return "\n".join(lines)


def page(rows: list[dict[str, float]], asked: float, took: float) -> str:
    """Return the page; `asked` and `took` are seconds."""
    return (
        "# A long session\n\n"
        "A real window, in which a small image is opened, its cells are found, corrected, saved, classified and "
        "explained, what was saved is opened, and image and docks are closed, again and again.\n\n"
        f"`make soak SECONDS={asked:.0f}`: **{len(rows)} cycles** in {took / 60:.0f} minutes; "
        f"{machine('torch', 'napari')}. Growth is the slope of a line through the cycles after the first "
        f"{WARM_CYCLES}, in which weights are loaded and shaders compiled.\n\n{table(rows)}\n\n"
        f"Beyond its bound: {', '.join(beyond(rows)) or 'nothing'}.\n"
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3600.0
    image = np.asarray(iio.imread(ROOT / "sample_data" / "blood_smear.tif"))[300:560, 300:560]
    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)
    rows: list[dict[str, float]] = []
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() - begin < seconds:
            cycle(viewer, image, Path(folder), len(rows))
            rows.append(held(viewer))
            print(
                f"{len(rows):>4}  " + "  ".join(f"{name} {value:,.0f}" for name, value in rows[-1].items()), flush=True
            )
    took = time.monotonic() - begin
    grown = beyond(rows)
    print(table(rows))
    if seconds >= PAGE_FROM_S:
        PAGE.write_text(page(rows, seconds, took), encoding="utf-8")
    print(f"Grown beyond the bound: {', '.join(grown) or 'nothing'}")
    viewer.close()
    sys.exit(bool(grown))


if __name__ == "__main__":
    main()
