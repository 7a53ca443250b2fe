"""What a layer has to choose from: channels that its file names, colours where a stain is looked for."""

import numpy as np
import pytest
import tifffile
from napari.layers import Image

from napari_hemalens.gui.channels import names_of_channels, offered_channels
from napari_hemalens.gui.layers import slide_from_layer
from napari_hemalens.workflows.cards import classifier_card
from napari_hemalens.workflows.images import choose_channel

PLANES = np.random.default_rng(0).integers(0, 4000, (3, 20, 30), dtype=np.uint16)
NAMES = ("actin", "tubulin", "DAPI")
FLUORESCENCE, STAINED = "micronucleus-attention", "leukocyte-types"


@pytest.fixture
def opened(tmp_path):
    """The layer of a file of three named channels, as napari opens it."""
    tifffile.imwrite(
        tmp_path / "a.ome.tif", PLANES, ome=True, metadata={"axes": "CYX", "Channel": {"Name": list(NAMES)}}
    )
    layer = Image(tifffile.imread(tmp_path / "a.ome.tif"))
    layer._source = layer.source.model_copy(update={"path": str(tmp_path / "a.ome.tif")})
    return layer


def test_planes_of_a_file_have_the_names_of_its_channels(opened):
    assert names_of_channels(opened) == NAMES
    slide = choose_channel(slide_from_layer(opened, (0, 0, 0)))
    np.testing.assert_array_equal(slide.levels[0][0:20, 0:30][..., 0], PLANES[2])


def test_channels_without_a_file_have_no_names(tmp_path):
    assert names_of_channels(Image(PLANES)) == ("", "", "")
    assert names_of_channels(Image(PLANES[:2], axis_labels=("c", "y", "x"))) == ("", "")
    assert names_of_channels(Image(PLANES, axis_labels=("z", "y", "x"))) == ()
    assert names_of_channels(Image(PLANES[0])) == ()


def test_names_of_a_file_that_is_gone_are_not_missed(opened, tmp_path):
    (tmp_path / "a.ome.tif").unlink()
    assert names_of_channels(opened) == ("", "", "")


def test_colours_are_offered_where_a_stain_is_looked_for(opened):
    picture = Image(np.zeros((20, 30, 3), np.uint8), rgb=True)
    assert offered_channels(picture, classifier_card(FLUORESCENCE)) == ("red", "green", "blue")
    assert offered_channels(picture, classifier_card(STAINED)) == ()
    assert offered_channels(opened, classifier_card(STAINED)) == NAMES
    assert offered_channels(Image(PLANES[0]), classifier_card(FLUORESCENCE)) == offered_channels(None, None) == ()


def test_a_colormap_is_a_matter_of_display():
    blue = slide_from_layer(Image(PLANES[0], colormap="blue"))
    np.testing.assert_array_equal(blue.read(0, 0, 20, 30), slide_from_layer(Image(PLANES[0])).read(0, 0, 20, 30))
