"""Files that are opened in napari with HemaLens' reader become its layers."""

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Shapes
from tests.gui.conftest import SHAPE, found
from tests.written_slides import write_collection
from tifffile import imwrite

from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.files import readers
from napari_hemalens.gui.files.readers import get_reader
from napari_hemalens.workflows.annotations import FORMATS

PLUGIN = "napari-hemalens"


def many(count):
    fields = [found(4, image=f"{i}.tif") for i in range(count)]
    return [replace(f, image_shape=SHAPE) for f in fields]


@pytest.mark.parametrize("form", ["coco", "via", "csv"])
def test_annotations_become_boxes_with_their_classes(tmp_path, plugins, form):
    path = tmp_path / FORMATS[form].target
    FORMATS[form].write(many(1), path)
    (layer,) = ViewerModel().open(path, plugin=PLUGIN)
    assert isinstance(layer, Shapes)
    assert layer.nshapes == 4
    assert sorted(layer.features["class"]) == sorted(found(4).class_names)


def test_boxes_lie_over_the_image_that_is_open(tmp_path, plugins, monkeypatch):
    FORMATS["coco"].write(many(30), tmp_path / "coco.json")
    viewer = ViewerModel()
    viewer.add_layer(Image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="7", scale=(0.2, 0.2), units=("um", "um")))
    monkeypatch.setattr(readers.napari, "current_viewer", lambda: viewer)
    (layer,) = viewer.open(tmp_path / "coco.json", plugin=PLUGIN)
    assert layer.name == "7 cells"
    assert tuple(layer.scale) == (0.2, 0.2)


def test_a_file_of_many_images_says_that_one_has_to_be_open(tmp_path):
    FORMATS["coco"].write(many(11), tmp_path / "coco.json")
    with pytest.raises(AnnotationError, match="11 images, and none of them is open"):
        readers.annotation_layers(str(tmp_path / "coco.json"))


def test_what_is_neither_image_nor_annotations_is_left_to_others(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1}')
    (tmp_path / "b.json").write_text("no json")
    assert get_reader(str(tmp_path / "a.json")) is get_reader(str(tmp_path / "b.json")) is None
    assert get_reader([str(tmp_path / "a.json")]) is None


def test_naparis_own_reader_opens_a_picture_as_long_as_ours_is_not_chosen(tmp_path, plugins):
    imwrite(tmp_path / "a.tif", np.zeros((40, 50), np.uint8))
    (layer,) = ViewerModel().open(tmp_path / "a.tif", plugin="napari")
    assert layer.source.reader_plugin == "napari"
    (layer,) = ViewerModel().open(tmp_path / "a.tif", plugin=PLUGIN)
    assert layer.source.reader_plugin == PLUGIN
    pictures = plugins.iter_compatible_readers("a.png")
    assert PLUGIN not in {reader.plugin_name for reader in pictures}


def test_a_dicom_slide_opens_in_levels_and_its_annotations_lie_over_it(tmp_path, plugins, monkeypatch):
    (folder,) = write_collection(tmp_path, np.full((256, 320, 3), 200, np.uint8), ["P1"])
    viewer = ViewerModel()
    monkeypatch.setattr(readers.napari, "current_viewer", lambda: viewer)
    for path in (folder, folder / "00000001.dcm"):
        viewer.layers.clear()
        (image,) = viewer.open(path, plugin=PLUGIN)
        assert image.level_shapes.tolist() == [[256, 320], [128, 160], [64, 80]]
        assert (tuple(image.scale), str(image.units[0])) == ((0.25, 0.25), "micrometer")
        (cells, *red) = viewer.open(folder.parent / "ANN_1.2.0.4", plugin=PLUGIN)
        assert sum(layer.nshapes if isinstance(layer, Shapes) else len(layer.data) for layer in (cells, *red)) == 4
        corners = [shape.min(axis=0).tolist() for shape in cells.data]
        assert [20, 40] in np.round(corners).tolist()
        assert tuple(cells.scale) == (0.25, 0.25)
