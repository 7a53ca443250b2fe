"""Names of channels, from whatever wrote the file."""

import numpy as np
import pytest
import tifffile

from napari_hemalens.slides.open import channel_names_in, open_image

PLANES = np.random.default_rng(0).integers(0, 4000, (3, 20, 30), dtype=np.uint16)
NAMES = ["actin", "tubulin", "DAPI"]

WRITERS = {
    "OME": {"ome": True, "metadata": {"axes": "CYX", "Channel": {"Name": NAMES}}},
    "ImageJ": {"imagej": True, "metadata": {"axes": "CYX", "Labels": NAMES}},
}


@pytest.mark.parametrize("options", WRITERS.values(), ids=WRITERS)
def test_names_are_read_and_the_channels_kept_apart(tmp_path, options):
    tifffile.imwrite(tmp_path / "a.tif", PLANES, photometric="minisblack", **options)
    with open_image(tmp_path / "a.tif") as slide:
        assert slide.channels == tuple(NAMES)
    assert channel_names_in(tmp_path / "a.tif") == tuple(NAMES)


def test_labels_of_other_planes_are_no_names_of_channels(tmp_path):
    stack = np.stack([PLANES, PLANES])
    labels = [f"{name} z{z}" for z in (1, 2) for name in NAMES]
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "ZCYX", "Labels": labels})
    assert channel_names_in(tmp_path / "a.tif") == ("actin z1", "tubulin z1", "DAPI z1")


def test_a_file_that_names_none_has_channels_all_the_same(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PLANES, imagej=True, metadata={"axes": "CYX"})
    with open_image(tmp_path / "a.tif") as slide:
        assert slide.channels == ("", "", "")
    assert channel_names_in(tmp_path / "a.tif") == ()
