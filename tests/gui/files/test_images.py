"""An image file becomes layers that say what the file says: pixel size, units, axes, channels, levels."""

import numpy as np
import pytest
import zarr
from napari.layers import Layer
from tifffile import TiffWriter, imwrite

from napari_hemalens.gui.files.images import image_layers

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 255, (96, 128, 3), dtype=np.uint8)


def created(path):
    return [Layer.create(*data) for data in image_layers(path)]


def test_a_pyramid_in_colour_has_its_levels_and_its_pixel_size(tmp_path):
    with TiffWriter(tmp_path / "a.ome.tif", ome=True) as tif:
        about = {"axes": "YXS", "PhysicalSizeX": 0.2, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.4}
        tif.write(RGB, subifds=1, photometric="rgb", tile=(32, 32), metadata=about)
        tif.write(RGB[::2, ::2], subfiletype=1, photometric="rgb", tile=(32, 32))
    (layer,) = created(tmp_path / "a.ome.tif")
    assert layer.rgb
    assert [level.shape for level in layer.data] == [(96, 128, 3), (48, 64, 3)]
    assert layer.scale == pytest.approx((0.4, 0.2))
    assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]
    np.testing.assert_array_equal(np.asarray(layer.data[0]), RGB)


def test_channels_that_a_file_names_become_layers_with_sliders(tmp_path):
    stack = RNG.integers(0, 4095, (2, 5, 3, 40, 50), dtype=np.uint16)
    about = {
        "axes": "TZCYX",
        "Channel": {"Name": ["DAPI", "FITC", "TRITC"]},
        "PhysicalSizeX": 0.1,
        "PhysicalSizeY": 0.1,
        "PhysicalSizeZ": 2.0,
    }
    imwrite(tmp_path / "b.ome.tif", stack, ome=True, photometric="minisblack", metadata=about)
    layers = created(tmp_path / "b.ome.tif")
    assert [layer.name for layer in layers] == ["b.ome.tif DAPI", "b.ome.tif FITC", "b.ome.tif TRITC"]
    assert not any(layer.rgb for layer in layers)
    assert layers[0].axis_labels == ("t", "z", "y", "x")
    assert layers[0].scale == pytest.approx((1, 2, 0.1, 0.1))
    np.testing.assert_array_equal(np.asarray(layers[1].data), stack[:, :, 1])


@pytest.mark.parametrize(("channels", "colour"), [(1, "gray"), (2, "cyan")])
def test_a_channel_alone_is_grey(tmp_path, channels, colour):
    imwrite(tmp_path / "d.ome.tif", RGB[..., :channels].transpose(2, 0, 1), ome=True, metadata={"axes": "CYX"})
    assert created(tmp_path / "d.ome.tif")[0].colormap.name == colour


def test_an_ome_zarr_is_read_on_demand_with_its_axes(tmp_path):
    root = zarr.open_group(tmp_path / "c.zarr", mode="w", zarr_format=2)
    pixels = RNG.integers(0, 255, (3, 64, 80), dtype=np.uint8)
    for i in range(2):
        root.create_array(str(i), data=pixels[:, :: 2**i, :: 2**i], chunks=(1, 32, 32))
    axes = [{"name": "c"}, {"name": "y", "unit": "micrometer"}, {"name": "x", "unit": "micrometer"}]
    steps = [{"type": "scale", "scale": [1, 0.5, 0.5]}]
    root.attrs["multiscales"] = [
        {"axes": axes, "datasets": [{"path": str(i), "coordinateTransformations": steps} for i in range(2)]}
    ]
    root.attrs["omero"] = {"channels": [{"label": name} for name in ("Red", "Green", "Blue")]}
    (layer,) = created(tmp_path / "c.zarr")
    assert layer.rgb
    assert len(layer.data) == 2
    assert layer.scale == pytest.approx((0.5, 0.5))
    np.testing.assert_array_equal(np.asarray(layer.data[0]), np.moveaxis(pixels, 0, 2))


def test_a_file_that_says_no_pixel_size_has_no_units(tmp_path):
    imwrite(tmp_path / "d.tif", RGB, photometric="rgb")
    (layer,) = created(tmp_path / "d.tif")
    assert tuple(layer.scale) == (1, 1)
    assert [str(unit) for unit in layer.units] == ["pixel", "pixel"]
