"""What a dock has refused is said until something else is chosen: it would be taken for said of that."""

import numpy as np
import pytest

from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.cell_layers import outlines_layer
from napari_hemalens.gui.widgets.attention import AttentionWidget
from napari_hemalens.gui.widgets.classify import ClassifyWidget
from napari_hemalens.gui.widgets.detect import DetectWidget
from napari_hemalens.gui.widgets.teach import TeachWidget

pytestmark = pytest.mark.window


@pytest.mark.parametrize("kind", [DetectWidget, ClassifyWidget, AttentionWidget, TeachWidget])
def test_that_there_is_no_image_is_said_until_there_is_one(kind, without_window, monkeypatch):
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU (2 cores)"),)))
    dock = without_window(kind)
    dock.viewer.layers.clear()
    dock.running.run.click()
    assert dock.running.message.text().startswith("There is no image")
    assert dock.running.message.isVisibleTo(dock)
    dock.viewer.add_image(np.zeros((40, 60, 3), np.uint8), rgb=True, name="smear")
    assert not dock.running.message.isVisibleTo(dock)


@pytest.mark.parametrize("kind", [ClassifyWidget, AttentionWidget])
def test_that_cells_were_found_in_another_image_is_said(kind, without_window, labels, monkeypatch, qtbot):
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU (2 cores)"),)))
    dock = without_window(kind)
    viewer = dock.viewer
    other = viewer.add_image(np.zeros((400, 600)), name="other", scale=(0.1, 0.1), units=("um", "um"))
    viewer.add_layer(outlines_layer(labels, other, ()))
    dock.image.value = viewer.layers["smear"]
    dock.running.run.click()
    assert "found in another image, other:" in dock.running.message.text()
    dock.running.stop.click()
    qtbot.waitUntil(lambda: not dock.session.running, timeout=60_000)
