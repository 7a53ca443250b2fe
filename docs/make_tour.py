"""Make the pictures of docs/tour.md: the real window, driven as a person would. `make tour`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from napari.qt import get_qapp
from PIL import Image
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_hemalens.atomic import writing

IMAGES = Path(__file__).parent / "images"
_PATIENCE = 900  # seconds
_WIDTH = 1200  # pixels of a picture
_QUALITY = 74


def smear(viewer: napari.Viewer) -> None:
    """Tell what may be done with a blood smear."""
    find(viewer)
    name(viewer)
    explain(viewer)


def find(viewer: napari.Viewer) -> None:
    """Detect the cells, and correct one."""
    viewer.open_sample("napari-hemalens", "blood_smear")
    detect = _dock(viewer, "Detect cells")
    detect.form.options["tissue"].value = "blood"
    _run(detect)
    boxes = viewer.layers["blood smear (rendered) cells"]
    _wait(lambda: not any(f.following for f in detect.session.results.fields))
    _save(viewer, "detect")

    _look(viewer, boxes, _first(boxes, "basophil"))
    _save(viewer, "correct")


def name(viewer: napari.Viewer) -> None:
    """Classify the leukocytes among them, and review the least certain."""
    boxes = viewer.layers["blood smear (rendered) cells"]
    classify = _dock(viewer, "Classify cells")
    viewer.reset_view()
    classify.form.options["task"].value = "leukocyte"
    classify.cells.value = boxes
    _run(classify)
    _save(viewer, "classify")
    classify.review.review.click()
    QTest.qWait(1000)
    _save(viewer, "review")
    classify.review.review.click()


def explain(viewer: napari.Viewer) -> None:
    """Show where the network looked at an eosinophil, and at the most and least certain cells."""
    boxes = viewer.layers["blood smear (rendered) cells"]
    attention = _dock(viewer, "Attention")
    attention.form.options["task"].value = "leukocyte"
    attention.cells.value = boxes
    _run(attention)
    boxes.visible = True
    _look(viewer, boxes, _first(boxes, "eosinophil"))
    attention.reveal(attention.cell)
    _save(viewer, "attention")
    attention.gallery.number.value = 4
    attention.gallery.expand(animate=False)
    QTest.qWait(1000)
    attention.reveal(attention.gallery)
    _save(viewer, "gallery")


def assay(viewer: napari.Viewer) -> None:
    """Ask the nuclei of the assay for micronuclei, and report them by cell."""
    viewer.open_sample("napari-hemalens", "assay_fluorescence")
    classify = _dock(viewer, "Classify cells")
    classify.cells.value = viewer.layers["nuclei"]
    _run(classify)
    viewer.layers["cells"].visible = False
    classify.report.expand(animate=False)
    classify.report.by.value = viewer.layers["cells"]
    classify.session.report.describe("A", "0.1 µg/ml")
    QTest.qWait(3000)
    classify.reveal(classify.report)
    _save(viewer, "report")


def main() -> None:
    """Make all pictures, each story in a window of its own."""
    app = get_qapp()
    for story in (smear, assay):
        viewer = napari.Viewer(show=True)
        viewer.window.resize(1500, 940)
        story(viewer)
        viewer.close()
        app.processEvents()


def _dock(viewer: napari.Viewer, name: str) -> Any:
    """Open a dock in front of those that are open."""
    around, widget = viewer.window.add_plugin_dock_widget("napari-hemalens", name, tabify=True)
    QTest.qWait(3000)  # the devices are looked for in the background
    around.raise_()
    return widget


def _run(widget: QWidget) -> None:
    widget.running.run.click()
    _wait(lambda: not widget.session.running)


def _wait(done: Callable[[], bool]) -> None:
    for _ in range(2 * _PATIENCE):
        QTest.qWait(500)
        if done():
            return


def _first(boxes: Any, name: str) -> int:
    """Return the row of the surest cell of a class."""
    return int(np.flatnonzero(boxes.features["class"] == name)[0])


def _look(viewer: napari.Viewer, boxes: Any, row: int) -> None:
    """Select a box, as a click on it does, and move it into the middle."""
    viewer.layers.selection.active = boxes
    boxes.selected_data = {row}
    camera = getattr(viewer, "scene", viewer).camera  # before napari 0.9 the viewer held it
    camera.center = (*camera.center[:-2], *boxes.data_to_world(boxes.data[row].mean(axis=0)))
    camera.zoom *= 2.5


def _save(viewer: napari.Viewer, name: str) -> None:
    QTest.qWait(1500)
    seen = Image.fromarray(viewer.screenshot(canvas_only=False)).convert("RGB")
    small = seen.resize((_WIDTH, round(seen.height * _WIDTH / seen.width)), Image.Resampling.LANCZOS)
    with writing(IMAGES / f"tour-{name}.jpg") as file:
        small.save(file, "JPEG", quality=_QUALITY, optimize=True)


if __name__ == "__main__":
    main()
