"""Short names of classes on boxes."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer, Shapes

from napari_hemalens.gui.box_labels import describe, in_words, ink_labels, label_style, short_names, show_labels
from napari_hemalens.gui.layers import as_layers
from napari_hemalens.records.contrast import READABLE, contrast
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.naming import Naming


def test_red_cells_and_platelets_have_no_label():
    assert list(short_names(["erythrocyte", "blast", "platelet"])) == ["", "blast", ""]


def test_labels_are_hidden_until_they_are_wanted():
    assert label_style()["visible"] is False
    assert label_style()["string"] == "{short}"


def test_labels_that_are_not_shown_are_not_made():
    box = np.array([[0, 0], [0, 9], [9, 9], [9, 0]])
    layer = Shapes([box, box + 20], features={"class": ["blast", "blast"], "short": ["b", "c"]})
    for shown in (True, False, True):
        show_labels(layer, shown=shown)
        assert layer.text.visible == shown
        assert np.array(layer.text.values).tolist() == (["b", "c"] if shown else "")


def test_the_label_of_an_unsure_cell_ends_with_a_question_mark():
    names = ["blast", "blast", "erythrocyte", "unclassifiable"]
    assert list(short_names(names, np.array([True, False, True, True]))) == ["blast?", "blast", "", "?"]


@pytest.mark.parametrize(
    ("colour", "colormap"),
    [((235, 225, 228), None), ((3, 5, 10), None), ((190, 120, 160), None), (200, "gray"), (200, "gray_r"), (9, "blue")],
)
def test_labels_are_read_on_bright_and_on_dark_images(colour, colormap):
    viewer, shape = ViewerModel(), (40, 250)
    options = {"rgb": True} if colormap is None else {"colormap": colormap, "contrast_limits": (0, 255)}
    pixels = np.full(shape if colormap else (*shape, 3), colour, np.uint8)
    image = viewer.add_image(pixels, **options)
    cells = Detections.from_arrays([[0, 0, 9, 9]], [0.5], [0], names=("blast",), image_shape=shape)
    layer = viewer.add_layer(Layer.create(*as_layers(cells)[0]))
    ink_labels(layer, image)
    shown = np.atleast_2d(layer.text.color(layer.features))[0]
    ink, ground = (f"#{bytes(np.round(255 * np.asarray(c)[:3]).astype(np.uint8)).hex()}" for c in (shown, seen(image)))
    assert contrast(ink, ground) >= READABLE


def seen(image):
    """Return the colour of the middle of an image as napari shows it."""
    value = np.asarray(image.data)[20, 40]
    if image.rgb:
        return value / 255
    return image.colormap.map(np.array([value / 255]))[0]


@pytest.mark.parametrize(
    ("certainty", "unsure", "words"),
    [
        (0.618, False, "plasma cell (p 0.62), score 0.95"),
        (0.618, True, "plasma cell (p 0.62), score 0.95, unsure"),
        (np.nan, False, "plasma cell, score 0.95"),
    ],
)
def test_a_cell_is_told_in_words(certainty, unsure, words):
    assert in_words("plasma_cell", certainty, 0.95, unsure=unsure) == words


def test_a_cell_of_a_record_is_told_in_the_same_words():
    naming = Naming(("blast",), np.array([[0.7]], np.float32), np.array([1.2], np.float32))
    cells = Detections.from_arrays([[0, 0, 9, 9]], [0.5], [0], names=("blast",), image_shape=(9, 9), naming=naming)
    assert describe(cells, 0) == "blast (p 0.70), score 0.50, unsure"
