"""The images of a project are found in the viewer, in their files, or in the project."""

import imageio.v3 as iio
import numpy as np
import pytest
from napari.components import ViewerModel

from napari_hemalens.gui.files.images import image_layers
from napari_hemalens.gui.kept_layers import kept_image
from napari_hemalens.gui.project.images import ProjectImages
from napari_hemalens.projects.work import WorkFiles, WorkItem
from napari_hemalens.workflows.kept_images import KeptImage


@pytest.fixture
def find(tmp_path):
    """Return what finds images in an empty viewer."""
    return ProjectImages(ViewerModel(), WorkFiles(tmp_path))


def reread(project, image):
    WorkFiles(project).write("detect", [WorkItem(image.entry(project, {}), image.records)], {})
    return KeptImage.read(project, WorkFiles(project).read("detect").images[0])


@pytest.fixture
def opened(tmp_path):
    """A viewer with the image of a file under another name."""
    iio.imwrite(tmp_path / "a.png", np.full((40, 60, 3), 90, np.uint8))
    model = ViewerModel()
    (layer,) = (model._add_layer_from_data(*made)[0] for made in image_layers(tmp_path / "a.png"))
    layer.name, layer.scale, layer.visible = "mine", (0.5, 0.5), False
    layer._source = layer.source.model_copy(update={"path": str(tmp_path / "a.png")})
    return model


def test_a_file_is_opened_once_and_looks_as_it_did(tmp_path, opened, find):
    kept = reread(tmp_path, kept_image(opened.layers["mine"]))
    layer = find(kept)
    assert find(kept) is layer
    assert (layer.name, layer.scale.tolist(), layer.visible, layer.rgb) == ("mine", [0.5, 0.5], False, True)
    assert find.notes == []


def test_a_file_is_kept_by_its_path_however_often_it_is_opened(tmp_path, opened):
    kept = reread(tmp_path, kept_image(opened.layers["mine"]))
    for _ in range(2):
        layer = ProjectImages(ViewerModel(), WorkFiles(tmp_path))(kept)
        kept = reread(tmp_path, kept_image(layer))
        assert kept.path.resolve() == (tmp_path / "a.png").resolve()
        assert kept.pixels is None  # they would be kept twice, and those of a large image not at all


def test_a_layer_that_is_open_already_is_taken(tmp_path, opened):
    kept = reread(tmp_path, kept_image(opened.layers["mine"]))
    opened.layers["mine"].name = "renamed"
    assert ProjectImages(opened, WorkFiles(tmp_path))(kept) is opened.layers["renamed"]


def test_a_moved_file_that_is_open_is_known_by_its_name_and_size(tmp_path, opened):
    kept = reread(tmp_path / "p", kept_image(opened.layers["mine"]))
    other = ViewerModel()
    other.add_image(np.zeros((40, 61, 3), np.uint8), rgb=True, name="mine")
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    gone = KeptImage(kept.name, kept.shape, kept.file, None, kept.layer)
    assert ProjectImages(other, WorkFiles(tmp_path))(gone) is None
    layer = other.add_image(np.zeros((40, 60, 3), np.uint8), rgb=True, name="mine")
    layer.name = "mine"
    other.layers.pop(0)
    layer.name = "mine"
    assert ProjectImages(other, WorkFiles(tmp_path))(gone) is layer


def test_a_file_of_another_size_is_not_taken_for_the_image(tmp_path, opened, find):
    kept = reread(tmp_path, kept_image(opened.layers["mine"]))
    iio.imwrite(tmp_path / "a.png", np.zeros((50, 60, 3), np.uint8))
    assert find(kept) is None
    assert find.notes == ["a.png is not as it was: its cells were of 40 x 60 px."]


def test_pixels_without_a_file_come_from_the_project(tmp_path, viewer, find):
    layer = find(reread(tmp_path, kept_image(viewer.layers["smear"])))
    np.testing.assert_array_equal(layer.data, viewer.layers["smear"].data)
    assert layer.scale.tolist() == [0.1, 0.1]


def test_what_was_neither_file_nor_kept_is_asked_for(tmp_path, find):
    assert find(KeptImage("smear", (4, 5), layer={"sides": [4, 5], "rgb": False})) is None
    assert find.notes == ["smear was no file and is not kept: open it before the project."]
