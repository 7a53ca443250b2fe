"""Make the pictures of docs/tour.md: the real window, driven as a person would. `make tour`, or a story by its name."""

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import napari
import numpy as np
from napari.qt import get_qapp
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget
from superqt import QCollapsible

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
    """Detect the cells, and correct one, then several."""
    viewer.open_sample("napari-hemalens", "blood_smear")
    detect = _dock(viewer, "Detect cells")
    detect.form.options["tissue"].value = "blood"
    _run(detect)
    boxes = viewer.layers["blood smear (rendered) cells"]
    _wait(lambda: not any(f.following for f in detect.session.results.fields))
    _save(viewer, "detect")

    _look(viewer, boxes, _first(boxes, "basophil"))
    _save(viewer, "correct")

    detect.show_gallery.click()
    QTest.qWait(3000)  # pictures of cells are read in the background
    _select(detect.gallery, "segmented_neutrophil")
    viewer.reset_view()
    _save(viewer, "several")
    viewer.window.remove_dock_widget(detect.gallery.parent())


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


def teach(viewer: napari.Viewer) -> None:
    """Teach five classes that no packed network has, correct several cells at once, and train the network."""
    viewer.open_sample("napari-hemalens", "marrow_smear")
    detect = _dock(viewer, "Detect cells")
    detect.form.options["tissue"].value = "marrow"
    _run(detect)
    _wait(lambda: not any(f.following for f in detect.session.results.fields))
    teach = _dock(viewer, "Teach")
    with TemporaryDirectory() as folder:
        teach.project.choice.open(Path(folder) / "my classes")
        for name in KINDS:
            teach.project.new.setText(name)
            QTest.keyClick(teach.project.new, Qt.Key.Key_Return)
        _save(viewer, "classes")
        _run(teach)
        _name(viewer, teach, 60)
        _save(viewer, "teach")

        teach.open_gallery()
        QTest.qWait(1000)
        _select(teach.gallery, "granulocyte")
        _save(viewer, "teach-gallery")
        viewer.window.remove_dock_widget(teach.gallery.parent())

        next(part for part in teach.findChildren(QCollapsible) if part.text() == "Train properly").expand(animate=False)
        teach.training.running.run.click()
        _wait(lambda: not teach.session.training.running)
        teach.reveal(teach.training)
        _save(viewer, "teach-train")
        teach.project.choice.session.leave()


KINDS = {
    "granulocyte": {"segmented_neutrophil", "band_neutrophil"},
    "left shift": {"promyelocyte", "myelocyte", "metamyelocyte"},
    "coloured granules": {"eosinophil", "basophil"},
    "erythroblast": {"erythroblast"},
    "mononuclear": {"lymphocyte", "monocyte"},
}
"""The classes that are taught, and what the sample's truth calls them."""


def _name(viewer: napari.Viewer, teach: Any, count: int) -> None:
    """Press the right keys, as the truth of the sample says."""
    truth, session = viewer.layers["marrow smear (rendered) truth"], teach.session
    corners = np.array([(box.min(axis=0), box.max(axis=0)) for box in truth.data])  # (N, 2, 2)
    middles, keys = corners.mean(axis=1), {each.name: each.key for each in session.project.classes}
    for _ in range(count):
        box = session.taught.embedded.cells.boxes[session.taught.current]
        nearest = np.abs(middles - box.reshape(2, 2).mean(axis=0)).sum(axis=1).argmin()
        kind = str(truth.features["class"].iloc[nearest])
        name = next((name for name, kinds in KINDS.items() if kind in kinds), None)
        QTest.keyClick(teach.cell, Qt.Key.Key_Minus if name is None else Qt.Key(ord(keys[name])))
        _wait(lambda: session.taught.is_up_to_date)


def main() -> None:
    """Make all pictures, or those of some stories, each in a window of its own."""
    app = get_qapp()
    stories = {story.__name__: story for story in (smear, assay, teach)}
    for story in [stories[name] for name in sys.argv[1:]] or stories.values():
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
    for _ in range(10 * _PATIENCE):
        QTest.qWait(100)
        if done():
            return


def _select(gallery: Any, name: str) -> None:
    """Show a class in a gallery, and select some of its cells."""
    classes, grid = gallery.classes, gallery.grid
    rows = range(classes.count())
    classes.setCurrentRow(next(row for row in rows if classes.item(row).data(Qt.ItemDataRole.UserRole) == name))
    grid.rearrange(lambda: grid.gallery.select_many(grid.gallery.order[1:4]))


def _first(boxes: Any, name: str) -> int:
    """Return the row of the surest cell of a class."""
    return int(np.flatnonzero(boxes.features["class"] == name)[0])


def _look(viewer: napari.Viewer, boxes: Any, row: int) -> None:
    """Select a box, as a click on it does, and move it into the middle."""
    viewer.reset_view()
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
