"""Which images and regions are offered, without a window."""

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog

from napari_hemalens.gui.widgets.images import ASK, FOLDER, ImageBox

pytestmark = pytest.mark.window


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def box(qtbot, viewer):
    made = ImageBox(viewer)
    qtbot.addWidget(made)
    return made


def test_an_empty_viewer_offers_a_folder_only(box):
    assert box.images.choices == (None, ASK)
    assert box.sources() == ()
    assert box.pixel_size_um() is None


def test_a_folder_can_be_chosen_in_an_empty_viewer(box, tmp_path, monkeypatch):
    iio.imwrite(tmp_path / "a.png", np.zeros((8, 8), np.uint8))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    box.images.value = ASK
    assert box.images.value == FOLDER
    assert box.sources() == (tmp_path / "a.png",)


def test_channels_are_those_of_the_image_or_of_the_first_of_a_folder(box, viewer, tmp_path, qtbot):
    assert box.channels() == ()
    viewer.add_image(np.zeros((4, 8, 8)), axis_labels=("c", "y", "x"))
    box.reset_choices()
    assert box.channels() == ("", "", "", "")
    named = {"axes": "CYX", "Channel": {"Name": ["actin", "DAPI"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", np.zeros((2, 8, 8), np.uint8), ome=True, metadata=named)
    box.choose_folder(tmp_path)
    assert box.channels() == ("actin", "DAPI")
    (tmp_path / "other").mkdir()
    iio.imwrite(tmp_path / "other" / "a.png", np.zeros((8, 8, 3), np.uint8))
    with qtbot.waitSignals([box.changed, box.refused]) as told:
        box.choose_folder(tmp_path / "other")  # in place of the first
    assert told.all_signals_and_args[-1].args == ("",)
    assert box.channels() == ()


def test_a_new_scale_of_the_chosen_image_is_told(box, viewer, qtbot):
    image = viewer.add_image(np.zeros((8, 8)), scale=(0.1, 0.1), units=("um", "um"))
    box.reset_choices()
    assert box.pixel_size_um() == pytest.approx(0.1)
    with qtbot.waitSignal(box.changed):
        image.scale = (0.2, 0.2)


def test_a_layer_of_shapes_is_a_region(box, viewer):
    shapes = viewer.add_shapes(name="fields")
    box.reset_choices()
    assert box.regions.choices == ("whole", "visible", shapes)
    box.regions.value = shapes
    assert box.where() is shapes
