"""What lies beside the image of a zarr folder is shown in the colours of its classes."""

import numpy as np
import pytest
from napari.layers import Labels, Layer, Shapes
from tests.gui.conftest import SHAPE, found

from napari_hemalens import extras
from napari_hemalens.gui.files import zarr_cells
from napari_hemalens.gui.files.readers import get_reader
from napari_hemalens.gui.files.zarr_cells import cell_layers
from napari_hemalens.progress import finish
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.palette import colour_of
from napari_hemalens.slides.axes import from_array
from napari_hemalens.workflows.ome_zarr import write_ome_zarr_steps


@pytest.fixture
def slide():
    return from_array(np.zeros((*SHAPE, 3), np.uint8), name="smear.tif", pixel_size_um=0.5)


def test_labels_have_classes_and_their_colours(slide, tmp_path):
    labels = np.zeros(SHAPE, np.int32)
    labels[10:30, 20:60], labels[50:80, 5:9] = 3, 66_000
    cells = Classified(
        np.array([3, 66_000]), np.eye(2, dtype=np.float32), np.array([0, 1]), ("blast", "monocyte"),
        np.array([[19.5, 39.5], [64.5, 6.5]]), np.array([800, 120]), SHAPE,
        Provenance(image="smear.tif", pixel_size_um=0.5),
    )  # fmt: skip
    target = finish(write_ome_zarr_steps(slide, cells, tmp_path / "a.ome.zarr", labels=labels))
    image, layer = (Layer.create(*data) for data in get_reader(str(target))(str(target)))
    assert isinstance(layer, Labels)
    np.testing.assert_array_equal(np.asarray(layer.data[0]), labels)  # the finest of two levels
    assert layer.features["class"].tolist() == ["blast", "monocyte"]
    np.testing.assert_array_equal(layer.scale, image.scale)
    for number, name in ((3, "blast"), (66_000, "monocyte")):
        shown = np.round(np.asarray(layer.colormap.color_dict[number])[:3] * 255).astype(int)
        assert shown.tolist() == list(bytes.fromhex(colour_of(name)[1:]))


def test_boxes_lie_over_the_image(slide, tmp_path):
    cells = found(6, image="smear.tif")
    target = finish(write_ome_zarr_steps(slide, cells, tmp_path / "a.ome.zarr"))
    _, layer = (Layer.create(*data) for data in get_reader(str(target))(str(target)))
    assert isinstance(layer, Shapes)
    assert sorted(layer.features["class"]) == sorted(cells.class_names)


def test_a_missing_package_costs_the_boxes_alone_and_is_said(slide, tmp_path, monkeypatch):
    target = finish(write_ome_zarr_steps(slide, found(6, image="smear.tif"), tmp_path / "a.ome.zarr"))
    said = []
    monkeypatch.setattr(zarr_cells, "show_warning", said.append)
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    assert cell_layers(str(target)) == []
    assert said == ["The table of cells needs anndata: pip install 'napari-hemalens[exchange]'."]


def test_an_image_alone_has_no_cells(tmp_path):
    assert cell_layers(str(tmp_path / "a.tif")) == []
