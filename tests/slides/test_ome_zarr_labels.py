"""Labels beside an image are read with what is said of them, in both versions of zarr."""

import numpy as np
import pytest
import zarr

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.ome_zarr_labels import read_labels

LABELS = np.int32([[0, 1, 1], [2, 2, 0]])


@pytest.fixture(params=[2, 3])
def image(request, tmp_path):
    """Labels as another program writes them; returns the folder, and what adds to what is said of them."""
    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=request.param)
    parent = root.create_group("labels")
    own = parent.create_group("nuclei")
    own.create_array("0", data=LABELS)

    def say(group, about):
        group.attrs.update({"ome": about} if request.param == 3 else about)

    say(parent, {"labels": ["nuclei"]})
    scale = {"coordinateTransformations": [{"type": "scale", "scale": [0.5, 0.5]}]}
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    multiscales = [{"axes": axes, "datasets": [{"path": "0", **scale}]}]
    return tmp_path / "a.zarr", lambda label: say(own, {"multiscales": multiscales, "image-label": label})


def test_classes_and_colours_are_those_of_the_numbers(image):
    folder, say = image
    colours = [{"label-value": 1, "rgba": [255, 0, 0, 128]}, {"label-value": 2}, {"rgba": [1, 2, 3, 4]}]
    say({"properties": [{"label-value": 1, "class": "blast"}, {"label-value": 2, "area": 3}], "colors": colours})
    (found,) = read_labels(folder)
    assert (found.name, found.classes, found.colours) == ("nuclei", {1: "blast"}, {1: (255, 0, 0, 128)})
    np.testing.assert_array_equal(np.asarray(found.image.levels[0]), LABELS)
    assert (found.image.axes, found.image.pixel_size_um) == ("YX", 0.5)


@pytest.mark.parametrize("label", [{}, {"properties": None, "colors": 3}, "none"])
def test_labels_of_which_nothing_is_said_are_read(image, label):
    folder, say = image
    if label == {"properties": None, "colors": 3}:
        say(label)
        with pytest.raises(ImageError, match="Cannot read the labels"):
            read_labels(folder)
        return
    say(label)
    assert read_labels(folder)[0].classes == {}


def test_images_without_labels_have_none(tmp_path):
    zarr.open_group(tmp_path / "b.zarr", mode="w")
    assert read_labels(tmp_path / "b.zarr") == ()
    assert read_labels(tmp_path / "nothing.tif") == ()
