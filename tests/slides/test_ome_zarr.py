"""Zarr folders of both versions are read, with the pixel size that their metadata state."""

import json
import tracemalloc

import numpy as np
import pytest
import zarr

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.open import open_image

SMEAR = np.random.default_rng(0).integers(0, 256, (3, 80, 120), dtype=np.uint8)
RGB = np.moveaxis(SMEAR, 0, 2)


def axis(name, unit=None):
    return {"name": name, "type": "space"} | ({"unit": unit} if unit else {})


CYX = [{"name": "c", "type": "channel"}, axis("y", "micrometer"), axis("x", "micrometer")]


def scale(*factors):
    return {"coordinateTransformations": [{"type": "scale", "scale": factors}]}


def write(path, levels, *, version=2, axes=CYX, sizes=0.25, more=None, group=""):
    """Write a pyramid as OME-Zarr: NGFF 0.4 as zarr 2, or 0.5 as zarr 3."""
    root = zarr.open_group(path, mode="w", zarr_format=version)
    node = root.create_group(group) if group else root
    datasets = []
    for i, level in enumerate(levels):
        node.create_array(f"s{i}", data=level, chunks=tuple(min(32, n) for n in level.shape))
        size = sizes * 2**i if sizes else None
        ones = (1,) * (level.ndim - 2)
        datasets.append({"path": f"s{i}"} | (scale(*ones, size, size) if size else {}))
    image = {"datasets": datasets} | ({"axes": axes} if axes else {}) | (more or {})
    metadata = {"multiscales": [image]}
    node.attrs.update({"ome": metadata} if version == 3 else metadata)
    return root


@pytest.mark.parametrize("version", [2, 3])
def test_a_pyramid_is_read_with_its_pixel_size(tmp_path, version):
    levels = [SMEAR, SMEAR[:, ::2, ::2]]
    write(tmp_path / "a.ome.zarr", levels, version=version)
    with open_image(tmp_path / "a.ome.zarr") as slide:
        assert slide.pixel_size_um == 0.25
        assert slide.downsamples == (1, 2)
        np.testing.assert_array_equal(slide.read(10, 20, 70, 110), RGB[10:70, 20:110])
        np.testing.assert_array_equal(slide.read(0, 0, 40, 60, level=1), RGB[::2, ::2])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 0.25),
        ({"more": scale(1, 2, 2)}, 0.5),
        ({"sizes": 250, "axes": [CYX[0], axis("y", "nanometer"), axis("x", "nanometer")]}, 0.25),
        ({"axes": [CYX[0], axis("y"), axis("x")]}, None),
        ({"axes": ["c", "y", "x"]}, None),
        ({"sizes": None}, None),
        ({"sizes": 100}, None),
    ],
    ids=["micrometres", "scaled twice", "nanometres", "no unit", "names only", "no scale", "too large"],
)
def test_the_pixel_size_is_what_the_metadata_state(tmp_path, options, expected):
    write(tmp_path / "a.zarr", [SMEAR], **options)
    assert open_image(tmp_path / "a.zarr").pixel_size_um == expected


def test_axes_are_those_before_they_had_names(tmp_path):
    write(tmp_path / "a.zarr", [SMEAR[None, :, None]], axes=None, sizes=None)
    np.testing.assert_array_equal(open_image(tmp_path / "a.zarr").read(0, 0, 80, 120), RGB)


def test_a_frame_is_taken_by_its_number(tmp_path):
    stack = np.stack([SMEAR[0], SMEAR[1]])
    write(tmp_path / "a.zarr", [stack], axes=[axis("z"), *CYX[1:]])
    slide = open_image(tmp_path / "a.zarr", frame=(1,))
    np.testing.assert_array_equal(slide.read(0, 0, 80, 120)[..., 0], SMEAR[1])
    with pytest.raises(ImageError, match=r"Cannot read .*a\.zarr: The image has 2 frames along Z"):
        open_image(tmp_path / "a.zarr")


def test_the_first_image_of_a_converted_file_is_opened(tmp_path):
    write(tmp_path / "a.zarr", [SMEAR], group="0").attrs["bioformats2raw.layout"] = 3
    np.testing.assert_array_equal(open_image(tmp_path / "a.zarr").read(0, 0, 80, 120), RGB)


@pytest.mark.parametrize("version", [2, 3])
def test_a_plain_array_is_read_as_it_is(tmp_path, version):
    zarr.create_array(tmp_path / "a.zarr", data=RGB, chunks=(32, 32, 3), zarr_format=version)
    np.testing.assert_array_equal(open_image(tmp_path / "a.zarr").read(0, 0, 80, 120), RGB)


def test_a_group_that_is_no_image_is_refused(tmp_path):
    zarr.open_group(tmp_path / "a.zarr", mode="w")
    with pytest.raises(ImageError, match=r"a\.zarr: it is a zarr group without 'multiscales'"):
        open_image(tmp_path / "a.zarr")


@pytest.mark.parametrize(
    "image",
    [{"datasets": [{"path": "gone"}]}, {"datasets": []}, {}, {"datasets": [{"path": "s0"}], "axes": ["q"]}],
    ids=["a level that is gone", "no levels", "nothing", "other axes"],
)
def test_metadata_that_do_not_fit_are_an_error_that_names_the_folder(tmp_path, image):
    root = write(tmp_path / "a.zarr", [SMEAR])
    root.attrs["multiscales"] = [image] if image else [{"name": "nothing"}]
    with pytest.raises(ImageError, match=r"Cannot read .*a\.zarr: "):
        open_image(tmp_path / "a.zarr")


def test_damaged_metadata_are_an_error_that_names_the_folder(tmp_path):
    write(tmp_path / "a.zarr", [SMEAR])
    (tmp_path / "a.zarr" / ".zattrs").write_text(json.dumps([1])[:-1])
    with pytest.raises(ImageError, match=r"Cannot read .*a\.zarr: "):
        open_image(tmp_path / "a.zarr")


def test_a_large_array_is_read_in_parts(tmp_path):
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=(20_000, 20_000, 3), chunks=(512, 512, 3), dtype="u1", fill_value=230
    )
    array[10_000:10_100, 10_000:10_100] = 7
    tracemalloc.start()
    slide = open_image(tmp_path / "a.zarr")
    assert slide.read(9_900, 9_900, 10_200, 10_200)[150, 150].tolist() == [7, 7, 7]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20  # of 1,144 MiB


def test_channels_have_the_labels_of_omero(tmp_path):
    root = write(tmp_path / "a.ome.zarr", [SMEAR])
    root.attrs["omero"] = {"channels": [{"label": "GFP"}, {"color": "FF0000"}, {"label": "DAPI"}]}
    with open_image(tmp_path / "a.ome.zarr") as slide:
        assert slide.channels == ("GFP", "", "DAPI")
