"""How long a person waits for the score slider, another class, undo and redo, with many detected cells on screen.

    python benchmarks/editing.py [--cells 5000] [--repeats 15]

In a real window, beside a marrow smear of 4,000 x 4,000 pixels. Cells lie on a grid, in the proportions of marrow, and
their scores are spread as those of the packed detector are: few lie near the slider. Measured are how long the call
itself takes, how long until all that it changed is drawn, and the longest time in which the window answered nothing
meanwhile; on the wall, and in processor time of the window's thread, which other programs do not lengthen. Beside it
stands what napari itself takes, with as many boxes and points in a window without any of our docks.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import napari
import numpy as np
from qtpy.QtTest import QTest
from vispy.visuals.mesh import MeshVisual

from machine import machine
from napari_hemalens.gui.box_shapes import corners, points
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.layers import placement_of
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.review.boxes import ReviewedBoxes
from window import PIXEL, dock, smear, ticking, wait, window

_SIDE = 4000
_SCORE = 0.5
_SHARES = {
    "erythrocyte": 0.55,
    "platelet": 0.1,
    "myelocyte": 0.1,
    "erythroblast": 0.1,
    "lymphocyte": 0.1,
    "blast": 0.05,
}
_LAYER, _LAYERS = "another layer of boxes", 5  # few, since all of them stay
_AFTER_MS = 60  # what napari puts off


def cells(count: int) -> Detections:
    """Return so many cells from a score of 0.5 on, and a quarter as many below."""
    rng = np.random.default_rng(0)
    everyone = count + count // 4
    columns = int(np.ceil(np.sqrt(everyone)))
    step = (_SIDE - 20) / columns
    near = np.stack(np.divmod(np.arange(everyone), columns), axis=1) * step + 10
    high, low = 1 - 0.5 * rng.beta(0.6, 3, count), 0.05 + 0.45 * rng.beta(1, 2, everyone - count)
    return Detections.from_arrays(
        np.concatenate([near, near + 0.8 * step], axis=1),
        rng.permutation(np.concatenate([high, low])),
        rng.choice(len(_SHARES), everyone, p=list(_SHARES.values())),
        names=tuple(_SHARES),
        image_shape=(_SIDE, _SIDE),
        recognised=tuple(_SHARES),
        provenance=Provenance("smear", PIXEL, "image"),
    )


def shown(count: int) -> tuple[Any, Any]:
    """Return a viewer and its dock, with cells on screen."""
    viewer = window(smear(_SIDE))
    widget = dock(viewer, "Detect cells")
    results, image = widget.session.results, viewer.layers["smear"]
    results.choose_score(_SCORE)
    results.put(Field("smear", image=image, placement=placement_of(image)), ReviewedBoxes.from_run(cells(count)))
    settle(widget)
    return viewer, widget


def settle(widget: Any) -> None:
    """Wait until all is drawn; without a dock, that is the next turn."""
    QTest.qWait(1)
    wait(lambda: widget is None or not any(f.following for f in widget.session.results.fields), 1)


def timed(widget: Any, act: Callable[[], object]) -> tuple[float, ...]:
    """Do something; return milliseconds of the call, until all is drawn, of the longest gap, and of its own time."""
    with ticking(1) as gaps:
        began = time.perf_counter()
        act()
        called = time.perf_counter()
        settle(widget)
        drawn = time.perf_counter()
        QTest.qWait(_AFTER_MS)
    return 1000 * (called - began), 1000 * (drawn - began), max(gaps.wall), max(gaps.own)


def acts(widget: Any) -> dict[str, Callable[[int], object]]:
    """Return what a person does, by its name; each is given the number of the repetition."""
    results = widget.session.results
    slider = widget.form.slider

    def select(number: int) -> None:
        drawing = results.fields[0].drawing
        drawing.layer.selected_data = {37 * number % len(drawing.shown.rows)}

    def name(number: int) -> None:
        select(number)
        results.classify(("monocyte", "promyelocyte")[number % 2])

    return {
        "slider, a step of 0.01": lambda n: setattr(slider, "value", _SCORE + 0.01 * (n % 5)),
        "slider, a step of 0.2": lambda n: setattr(slider, "value", _SCORE + 0.2 * (n % 2)),
        "a cell is selected": select,
        "another class": name,
        "undo": lambda _: results.undo(),
        "redo": lambda _: results.redo(),
    }


@contextmanager
def untaught() -> Iterator[None]:
    """Let vispy draw meshes as it does by itself, whoever has drawn cells before."""
    taught = MeshVisual._build_color_transform
    MeshVisual._build_color_transform = getattr(taught, "__wrapped__", taught)
    yield
    MeshVisual._build_color_transform = taught


def acts_of_napari(viewer: napari.Viewer, count: int) -> dict[str, Callable[[int], object]]:
    """Add as many boxes and points to a window without a dock; return what a person does to them."""
    everyone = cells(count).above(_SCORE)
    nucleated = ~np.isin(everyone.class_names, ["erythrocyte", "platelet"])
    place = placement_of(viewer.layers["smear"])
    boxes = viewer.add_shapes(corners(everyone.boxes[nucleated]), edge_color="red", face_color="transparent", **place)
    dots = viewer.add_points(points(everyone.boxes[~nucleated]), size=10, border_width=0, **place)
    viewer.layers.selection.active = boxes

    def select(number: int) -> None:
        boxes.selected_data = {37 * number % boxes.nshapes}

    def colour(number: int) -> None:
        select(number)
        boxes.current_edge_color = ("blue", "green")[number % 2]

    return {
        "a new picture": lambda number: setattr(dots, "opacity", (0.9, 1.0)[number % 2]),
        "a box is selected": select,
        "a box has another colour": colour,
        "a box more": lambda number: boxes.add(corners(everyone.boxes[[number]])),
        _LAYER: lambda _: viewer.add_shapes(ndim=2, **place),
    }


def _row(what: str, taken: Sequence[tuple[float, ...]]) -> str:
    columns = (f"{np.median(each):,.0f}, {each.max():,.0f} ms" for each in np.array(taken).T)
    return f"| {what} | {' | '.join(columns)} |"


def rows_of_napari(count: int, repeats: int) -> list[str]:
    """Measure what napari takes alone, and return rows of the table."""
    with untaught():
        viewer = window(smear(_SIDE))
        known = acts_of_napari(viewer, count)
        QTest.qWait(3000)
        rows = [
            _row(f"napari alone: {what}", [timed(None, lambda n=n, act=act: act(n)) for n in range(1, most + 1)])
            for what, act in known.items()
            for most in ([_LAYERS] if what == _LAYER else [repeats])
        ]
        viewer.close()
    return rows


def table(count: int = 5000, repeats: int = 15) -> str:
    """Measure, and return a table: the median and the longest of each."""
    viewer, widget = shown(count)
    QTest.qWait(3000)
    lines = ["| | call | until drawn | longest gap | of its own |", "|---|---|---|---|---|"]
    for what, act in acts(widget).items():
        if what == "another class":
            widget.form.slider.value = _SCORE
            settle(widget)
        lines.append(_row(what, [timed(widget, lambda n=n, act=act: act(n)) for n in range(1, repeats + 1)]))
    viewer.close()
    return "\n".join([*lines, *rows_of_napari(count, repeats)])


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    print(f"{machine()}\n{table(options.cells, options.repeats)}")


if __name__ == "__main__":
    main()
