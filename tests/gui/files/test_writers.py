"""Layers that are saved in a format of annotations are read back as they were."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Shapes
from tests.gui.conftest import SHAPE, found

from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.files.writers import cells_of, write_layers
from napari_hemalens.gui.layers import SMALL, as_layers, cell_layer
from napari_hemalens.workflows.annotations import FORMATS, read_annotations

SUFFIXES = {"coco": ".json", "voc": ".xml", "yolo": ".yaml", "via": ".via.json"}
DRAWN = np.array([[9.5, 19.5], [9.5, 49.5], [39.5, 49.5], [39.5, 19.5]])


@pytest.mark.parametrize("form", FORMATS)
def test_boxes_are_saved_in_every_format_and_read_back(tmp_path, form):
    cells = found(6, image="smear.tif")
    target = tmp_path / f"saved{SUFFIXES.get(form, '.' + form)}"
    layer = Layer.create(*as_layers(cells)[0]).as_layer_data_tuple()  # with the labels of boxes, as napari saves it
    (written,) = write_layers(str(target), [layer], form)
    (again,) = read_annotations(written if form != "yolo" else tmp_path / "saved")
    order = np.lexsort(again.boxes.T), np.lexsort(cells.boxes.T)
    np.testing.assert_allclose(again.boxes[order[0]], cells.boxes[order[1]], atol=0.02)
    assert again.class_names[order[0]].tolist() == cells.class_names[order[1]].tolist()


def test_shapes_drawn_in_napari_are_saved_with_their_image(tmp_path, plugins):
    image = Image(np.zeros((100, 120, 3), np.uint8), rgb=True, name="smear.tif")
    shapes = Shapes([DRAWN], features={"class": ["blast"]})
    viewer = ViewerModel()
    viewer.layers.extend([image, shapes])
    viewer.layers.save(str(tmp_path / "a.geojson"), plugin="napari-hemalens")
    (again,) = read_annotations(tmp_path / "a.geojson")
    assert again.class_names.tolist() == ["blast"]
    assert again.boxes.tolist() == [[10, 20, 40, 50]]
    assert again.image_shape == (100, 120)


def test_shapes_without_an_image_are_refused_in_one_sentence():
    with pytest.raises(AnnotationError, match="does not say which image it is of"):
        cells_of(Shapes([DRAWN]), [])


def test_labels_become_boxes_with_the_class_in_their_features(tmp_path):
    data = np.zeros(SHAPE, np.int32)
    data[10:30, 20:60], data[50:80, 5:9] = 3, 8
    layer = Labels(data, features={"index": [0, 3, 8], "class": ["", "blast", "lymphocyte"]}, name="outlines")
    write_layers(str(tmp_path / "a"), [layer.as_layer_data_tuple()], "csv")
    (again,) = read_annotations(tmp_path / "a.csv")
    said = dict(zip(again.class_names.tolist(), again.boxes.tolist(), strict=True))
    assert said == {"blast": [10, 20, 30, 60], "lymphocyte": [50, 5, 80, 9]}
    assert isinstance(Layer.create(*layer.as_layer_data_tuple()), Labels)


@pytest.mark.parametrize(
    ("form", "there", "fault"),
    [
        ("csv", "a.csv", "give its whole name"),
        ("geojson", "a.geojson", "give its whole name"),
        ("yolo", "a/classes.txt", "choose another name"),
    ],
)
def test_what_napari_has_not_asked_about_is_not_replaced(tmp_path, form, there, fault):
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("mine")
    layer = Layer.create(*as_layers(found(6, image="smear.tif"))[0]).as_layer_data_tuple()
    with pytest.raises(AnnotationError, match=fault):
        write_layers(str(tmp_path / "a"), [layer], form)
    assert (tmp_path / there).read_text() == "mine"


def test_naparis_own_writer_keeps_tables_of_shapes(plugins):
    writer, _ = plugins.get_writer("a.csv", ["shapes"])
    assert writer.plugin_name == "napari"


def test_points_beside_boxes_are_saved_as_boxes_of_the_same_image(tmp_path):
    cells = found(6, image="smear.tif")
    parts = [cells.take(cells.classes != 3), cells.take(cells.classes == 3)]
    layers = [Layer.create(*cell_layer(part, {}, many=many)) for part, many in zip(parts, (False, True), strict=True)]
    layers[1].metadata[SMALL] = True
    write_layers(str(tmp_path / "a.json"), [layer.as_layer_data_tuple() for layer in reversed(layers)], "coco")
    (again,) = read_annotations(tmp_path / "a.json")
    order = np.lexsort(again.boxes.T), np.lexsort(cells.boxes.T)
    np.testing.assert_allclose(again.boxes[order[0]], cells.boxes[order[1]], atol=0.02)
    assert again.class_names[order[0]].tolist() == cells.class_names[order[1]].tolist()
