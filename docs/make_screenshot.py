"""Make the pictures of the README: the real window, driven as a person would. `make screenshot`."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import napari
from napari.qt import get_qapp
from PIL import Image
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_hemalens.atomic import writing

IMAGES = Path(__file__).parent / "images"
_PATIENCE = 300  # seconds


def detect(viewer: napari.Viewer) -> None:
    """Detect the cells of the marrow smear."""
    viewer.window.resize(1500, 940)
    viewer.open_sample("napari-hemalens", "marrow_smear")
    widget = _dock(viewer, "Detect cells")
    _run(widget)
    viewer.camera.zoom *= 1.5
    QTest.qWait(2000)
    _save(viewer, "detect.jpg")


def classify(viewer: napari.Viewer) -> None:
    """Tell blasts from normal cells in the smear with lymphoblasts."""
    viewer.window.resize(1500, 940)
    viewer.open_sample("napari-hemalens", "lymphoblasts")
    widget = _dock(viewer, "Classify cells")
    widget.form.options["task"].value = "all"
    _run(widget)
    viewer.reset_view()
    QTest.qWait(2000)
    _save(viewer, "classify.jpg")


def attention(viewer: napari.Viewer) -> None:
    """Show where the micronucleus network looked, and the cells beside their heatmaps by two methods."""
    viewer.window.resize(1500, 940)
    viewer.open_sample("napari-hemalens", "assay_fluorescence")
    widget = _dock(viewer, "Attention")
    widget.cells.value = viewer.layers["nuclei"]
    widget.form.methods.tick(("layer-5", "grad-cam"))
    _run(widget)
    viewer.layers["cells"].visible = False  # their colours would mix with those of the heatmap
    widget.gallery.number.value = 4
    widget.gallery.expand(animate=False)
    widget.session.choose_cell(_surest(widget))
    viewer.reset_view()
    viewer.camera.zoom *= 2
    QTest.qWait(1000)
    widget.reveal(widget.gallery)
    QTest.qWait(2000)
    _save(viewer, "attention.jpg")


PICTURES: Mapping[str, Callable[[napari.Viewer], None]] = {
    "detect": detect,
    "classify": classify,
    "attention": attention,
}


def main(names: list[str]) -> None:
    """Make the pictures of these names, each in a window of its own."""
    app = get_qapp()
    for name in names or PICTURES:
        viewer = napari.Viewer(show=True)
        PICTURES[name](viewer)
        viewer.close()
        app.processEvents()


def _dock(viewer: napari.Viewer, name: str) -> QWidget:
    _, widget = viewer.window.add_plugin_dock_widget("napari-hemalens", name)
    QTest.qWait(3000)  # the devices are looked for in the background
    return widget


def _run(widget: QWidget) -> None:
    widget.running.run.click()
    for _ in range(2 * _PATIENCE):
        QTest.qWait(500)
        if not widget.session.running:
            return


def _surest(widget: QWidget) -> int:
    """Return the number of the cell that most certainly has a micronucleus."""
    cells = widget.session.results.current.classified
    return int(cells.ids[cells.probabilities[:, 0].argmax()])


def _save(viewer: napari.Viewer, name: str) -> None:
    with writing(IMAGES / name) as file:
        Image.fromarray(viewer.screenshot(canvas_only=False)).convert("RGB").save(file, "JPEG", quality=90)


if __name__ == "__main__":
    main(sys.argv[1:])
