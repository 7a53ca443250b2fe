"""Make the pictures of the README: the real window, driven as a person would. `make screenshot`."""

from pathlib import Path

import napari
from napari.qt import get_qapp
from PIL import Image
from qtpy.QtTest import QTest

from napari_hemalens.atomic import writing

IMAGES = Path(__file__).parent / "images"
SAMPLE = "marrow_smear"
_PATIENCE = 300  # seconds


def main() -> None:
    """Open the sample, detect its cells, and take the picture."""
    app = get_qapp()
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1500, 940)
    viewer.open_sample("napari-hemalens", SAMPLE)
    _, widget = viewer.window.add_plugin_dock_widget("napari-hemalens", "Detect cells")
    QTest.qWait(3000)  # the devices are looked for in the background
    widget.running.run.click()
    for _ in range(2 * _PATIENCE):
        QTest.qWait(500)
        if not widget.session.running:
            break
    viewer.camera.zoom *= 1.5
    QTest.qWait(2000)
    window = Image.fromarray(viewer.screenshot(canvas_only=False))
    with writing(IMAGES / "detect.jpg") as file:
        window.convert("RGB").save(file, "JPEG", quality=90)
    viewer.close()
    app.processEvents()


if __name__ == "__main__":
    main()
