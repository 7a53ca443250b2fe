"""Images and labels become OME-Zarr that others read: checked by ome-zarr-models, which follows the specification."""

import numpy as np
import pytest
import zarr
from ome_zarr_models.v04.image import ImageAttrs
from ome_zarr_models.v04.image_label import ImageLabelAttrs

from napari_hemalens.progress import finish
from napari_hemalens.slides import ome_zarr_writing
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.ome_zarr_writing import write_image_steps, write_labels_steps
from napari_hemalens.slides.open import open_image

RGB = np.random.default_rng(0).integers(0, 256, (1101, 700, 3), dtype=np.uint8)


@pytest.fixture
def group(tmp_path):
    return zarr.open_group(tmp_path / "a.ome.zarr", mode="w", zarr_format=2)


@pytest.mark.parametrize("tile", [256, 2048])
def test_an_image_read_back_is_the_image_and_its_halves(group, tmp_path, monkeypatch, tile):
    monkeypatch.setattr(ome_zarr_writing, "_TILE", tile)
    finish(write_image_steps(from_array(RGB, name="a.tif", pixel_size_um=0.25), group))
    with open_image(tmp_path / "a.ome.zarr") as slide:
        np.testing.assert_array_equal(slide.read(0, 0, 1101, 700), RGB)
        assert (slide.pixel_size_um, slide.downsamples) == (0.25, (1, 2, 4))
        halved = slide.read(0, 0, 550, 350, level=1).astype(int)
    means = RGB[:1100].reshape(550, 2, 350, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - means).max() <= 0.5


@pytest.mark.parametrize(
    ("pixels", "axes", "names"),
    [
        (RGB, None, ["red", "green", "blue"]),
        (RGB[..., 0].astype(np.uint16) * 10, None, [""]),
        (RGB[..., [0, 1, 2, 0, 1]], "YXC", ["", "", "", "", ""]),
        (RGB[..., 0].astype(np.float32), None, [""]),
    ],
    ids=["colour", "16 bits", "five channels", "float"],
)
def test_metadata_and_values_are_as_specified(group, pixels, axes, names):
    finish(write_image_steps(from_array(pixels, name="a.tif", axes=axes, pixel_size_um=0.25), group))
    said = ImageAttrs(**dict(group.attrs))
    assert [axis.name for axis in said.multiscales[0].axes] == ["c", "y", "x"]
    assert said.multiscales[0].datasets[1].coordinateTransformations[0].scale == [1, 0.5, 0.5]
    assert [channel.label for channel in said.omero.channels] == names
    stored = np.moveaxis(np.atleast_3d(pixels), 2, 0)
    np.testing.assert_array_equal(group["0"][:], stored)
    assert group["0"].dtype == pixels.dtype


def test_without_a_pixel_size_no_unit_is_stated(group):
    finish(write_image_steps(from_array(RGB, name="a.tif"), group))
    assert {axis.get("unit") for axis in group.attrs["multiscales"][0]["axes"]} == {None}


def test_labels_have_classes_and_colours_and_stay_whole_numbers(group):
    labels = np.zeros((1100, 700), np.int64)
    labels[100:300, 100:300], labels[600:900, 10:80] = 7, 66_000
    steps = write_labels_steps(
        labels,
        group,
        properties=[{"label-value": 7, "class": "blast"}, {"label-value": 66_000, "class": "monocyte"}],
        colours={7: (255, 0, 0, 255), 66_000: (0, 0, 255, 255)},
        pixel_size_um=0.25,
    )
    finish(steps)
    said = ImageLabelAttrs(**dict(group["labels/cells"].attrs)).image_label
    assert [(each.label_value, each.rgba) for each in said.colors] == [
        (7, (255, 0, 0, 255)),
        (66_000, (0, 0, 255, 255)),
    ]
    np.testing.assert_array_equal(group["labels/cells/0"][:], labels)
    assert np.unique(group["labels/cells/2"][:]).tolist() == [0, 7, 66_000]
    assert group["labels"].attrs["labels"] == ["cells"]
