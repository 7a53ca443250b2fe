"""A layer looks as it did."""

import json

import numpy as np
from napari.layers import Image, Labels

from napari_hemalens.gui import kept_layers
from napari_hemalens.gui.kept_layers import (
    READER,
    file_of,
    give_look,
    kept_image,
    labels_layer,
    layers_of,
    look_of,
    placed,
)
from napari_hemalens.gui.layers import OUTLINED, placement_of

PLACE = {
    "scale": (2, 0.5, 0.25),
    "translate": (0, 3, 4),
    "units": ("pixel", "um", "um"),
    "axis_labels": ("t", "y", "x"),
}


def stack(**more):
    return Image(
        np.zeros((2, 4, 5), np.uint16), name="stack", colormap="green", contrast_limits=(1, 9), **PLACE, **more
    )


def test_a_look_is_plain_and_given_to_another_layer():
    look = json.loads(json.dumps(look_of(stack(visible=False, gamma=0.5, rotate=np.diag([1, -1, -1])))))
    other = Image(np.zeros((2, 4, 5), np.uint16))
    give_look(other, look)
    assert look_of(other) == look
    assert (other.name, other.visible, other.gamma, other.colormap.name) == ("stack", False, 0.5, "green")


def test_a_flat_layer_lies_over_a_stack_that_is_not_there():
    layer = stack()
    flat = Labels(np.zeros((4, 5), int), **placed(look_of(layer), 2))
    expected = Labels(np.zeros((4, 5), int), **placement_of(layer))
    np.testing.assert_array_equal(flat.affine.affine_matrix, expected.affine.affine_matrix)
    np.testing.assert_array_equal(flat.data_to_world((1, 2)), expected.data_to_world((1, 2)))
    assert (flat.units, flat.axis_labels) == (expected.units, expected.axis_labels)
    assert placed({}, 2) == {}


def test_pixels_are_kept_where_they_are_no_file_and_not_too_many(monkeypatch):
    image = kept_image(stack())
    assert (image.name, image.shape, image.file) == ("stack", (4, 5), "")
    assert image.pixels().shape == (2, 4, 5)
    monkeypatch.setattr(kept_layers, "MOST_KEPT", 79)
    assert kept_image(stack()).pixels is None


def test_a_file_is_kept_by_its_path(viewer, tmp_path):
    layer = viewer.layers["smear"]
    (tmp_path / "a.tif").touch()
    layer._source = layer.source.model_copy(update={"path": str(tmp_path / "a.tif")})
    image = kept_image(layer)
    assert (image.file, image.pixels) == (str(tmp_path / "a.tif"), None)


def test_labels_come_back_with_or_without_a_look():
    labels = np.eye(4, dtype=np.int32)
    assert labels_layer(labels, {}, "nuclei").name == "nuclei"
    look = look_of(Labels(labels, name="cells", opacity=0.25))
    assert look_of(labels_layer(labels, look, "x")) == look


def test_labels_of_one_frame_come_back_as_those_of_that_frame():
    found_in = {OUTLINED: {"image": "stack", "frame": "T=1"}}
    look = json.loads(json.dumps(look_of(Labels(np.eye(4, dtype=np.int32), metadata=found_in))))
    assert labels_layer(np.eye(4, dtype=np.int32), look, "x").metadata == found_in


def test_layers_of_a_file_know_of_which(tmp_path):
    path = tmp_path / "a.png"
    (layer,) = layers_of(tmp_path / "project" / ".." / "a.png", [(np.zeros((4, 5)), {"name": "a"}, "image")])
    assert (layer.source.path, layer.source.reader_plugin, layer.name) == (str(path.resolve()), READER, "a")
    assert file_of(layer) == path.resolve()


def test_without_napari_s_private_way_layers_are_opened_as_no_files(tmp_path, monkeypatch):
    monkeypatch.delattr("napari.layers._source.layer_source")
    (layer,) = layers_of(tmp_path / "a.png", [(np.zeros((4, 5)), {"name": "a"}, "image")])
    assert file_of(layer) is None
    image = kept_image(layer)
    assert (image.file, image.pixels().shape) == ("", (4, 5))
