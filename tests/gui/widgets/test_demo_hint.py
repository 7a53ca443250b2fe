"""The demo is offered as long as no image is open."""

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_hemalens.gui import sample_data
from napari_hemalens.gui.demo import SAMPLE
from napari_hemalens.gui.widgets import demo_hint
from napari_hemalens.gui.widgets.demo_hint import DemoHint

pytestmark = pytest.mark.window


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    QVBoxLayout(window)
    window.show()
    return window


@pytest.fixture
def hint(viewer, window):
    """The hint in a window that is shown, as in a dock."""
    return shown(viewer, window)


def shown(viewer, window):
    hint = DemoHint(viewer)
    window.layout().addWidget(hint)
    QCoreApplication.processEvents()  # a layout shows what is added to it a little later
    return hint


def test_the_demo_is_offered_until_an_image_comes_and_after_it_goes(viewer, hint):
    assert hint.isVisible()
    viewer.add_labels(np.zeros((8, 8), int))
    assert hint.isVisible()
    viewer.add_image(np.zeros((8, 8)), name="smear")
    assert not hint.isVisible()
    viewer.layers.remove("smear")
    assert hint.isVisible()


def test_beside_an_image_that_is_open_it_is_hidden_at_once(viewer, window):
    viewer.add_image(np.zeros((8, 8)))
    assert not shown(viewer, window).isVisible()


def test_its_button_opens_the_demo(viewer, hint, monkeypatch):
    opened = []
    monkeypatch.setattr(demo_hint, "open_dock", lambda *asked: opened.append(asked))
    hint.demo.click()
    assert opened == [(viewer, "Try the demo")]


def test_layers_come_and_go_after_the_hint_has_gone(viewer, qapp):
    hint = DemoHint(viewer)
    hint.deleteLater()
    QCoreApplication.sendPostedEvents(hint, QEvent.Type.DeferredDelete)
    viewer.add_image(np.zeros((8, 8)), name="smear")
    assert "smear" in viewer.layers


def test_it_says_what_the_demo_opens(hint):
    (_, attributes, _), *_ = getattr(sample_data, SAMPLE[1])()
    assert "rendered" in attributes["name"]
    assert "a rendered smear" in hint.demo.toolTip()
