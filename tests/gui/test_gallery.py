"""A gallery shows the results of a dock as they are at its last update."""

import numpy as np
import pytest

from napari_hemalens.gui.detect.gallery import DetectedGallery
from napari_hemalens.gui.gallery import GallerySession
from napari_hemalens.records.palette import colour_of


@pytest.fixture
def gallery(analysed, runner):
    return GallerySession(DetectedGallery(analysed.results), runner)


def test_the_first_update_tells_of_images_and_pictures(gallery):
    assert gallery.update() == (True, True)
    assert gallery.update() == (False, False)


def test_classes_have_the_keys_and_colours_of_all_docks(gallery):
    gallery.update()
    assert gallery.keys["blast"] == "1"
    assert gallery.colours["myelocyte"] == colour_of("myelocyte")


def test_another_box_is_another_picture(gallery, analysed):
    gallery.update()
    field = analysed.results.fields[0]
    analysed.results.replace_cells([field.cells.with_boxes(np.array([0]), np.array([[50, 50, 90, 90]], np.float32))])
    assert gallery.update() == (False, True)


def test_nothing_is_said_of_no_cells(gallery, analysed):
    gallery.update()
    gallery.name([], "blast")
    assert not analysed.results.can_undo or analysed.results.fields[0].cells.n_corrections == 0
