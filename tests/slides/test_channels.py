"""The channel that is meant: said by name or number, or named after a DNA stain."""

import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.channels import channel_names, choose_channel, dna_channel, named_as_colours

PLANES = np.random.default_rng(0).integers(0, 256, (3, 20, 30), dtype=np.uint8)
NAMES = ("actin", "Hoechst 33342", "DIC")


def shown(slide):
    return slide.read(0, 0, *slide.shape)[..., 0]


@pytest.mark.parametrize("channel", [2, "2", " dic ", "DIC"])
def test_a_channel_is_chosen_by_number_or_by_name_in_any_case(channel):
    chosen = choose_channel(from_array(PLANES, axes="CYX", channels=NAMES), channel)
    assert chosen.levels[0].shape == (20, 30, 1)
    np.testing.assert_array_equal(shown(chosen), PLANES[2])


def test_without_a_word_it_is_the_one_named_after_a_dna_stain():
    slide = from_array(PLANES, axes="CYX", channels=NAMES)
    np.testing.assert_array_equal(shown(choose_channel(slide)), PLANES[1])


def test_what_was_chosen_stays_chosen_until_another_is_named():
    chosen = choose_channel(from_array(PLANES, axes="CYX", channels=NAMES), "actin")
    np.testing.assert_array_equal(shown(choose_channel(chosen)), PLANES[0])
    np.testing.assert_array_equal(shown(choose_channel(chosen, "actin")), PLANES[0])
    np.testing.assert_array_equal(shown(choose_channel(chosen, "dic")), PLANES[2])


def test_a_colour_of_a_picture_is_a_channel_too():
    rgb = np.moveaxis(PLANES, 0, 2)
    np.testing.assert_array_equal(shown(choose_channel(from_array(rgb), "Blue")), PLANES[2])
    opaque = np.dstack([rgb, np.full((20, 30), 255, np.uint8)])
    assert channel_names(from_array(opaque)) == ("red", "green", "blue")


def test_nothing_changes_where_nothing_is_said_or_named():
    for image, options in ((PLANES, {"axes": "CYX"}), (PLANES[0], {}), (np.moveaxis(PLANES, 0, 2), {})):
        slide = from_array(image, **options)
        assert choose_channel(slide) is slide


def test_a_channel_that_is_not_there_is_refused_with_those_that_are():
    slide = from_array(PLANES, name="a.tif", axes="CYX", channels=NAMES)
    with pytest.raises(ImageError, match=r"a\.tif has no channel 'DAPI'.*: 0 actin, 1 Hoechst 33342, 2 DIC\.$"):
        choose_channel(slide, "DAPI")
    with pytest.raises(ImageError, match="no channel 1: it has only one"):
        choose_channel(from_array(PLANES[0]), 1)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("FITC", "DAPI"), 1),
        (("w1DAPI-405", "w2GFP"), 0),
        (("GFP", "hoechst33342"), 1),
        (("DRAQ5", "nuclei"), 0),
        (("Cy5", "DNA"), 1),
        (("mCherry-H2B", "tubulin"), 0),
        (("", "", ""), None),
        (("red", "green", "blue"), None),
        (("DAPI low", "DAPI high", "GFP"), None),
        (("kidnap", "ednaX"), None),
        ((), None),
    ],
)
def test_a_name_tells_of_a_dna_stain_or_does_not(names, found):
    assert dna_channel(names) == found


def test_red_green_and_blue_planes_are_one_picture():
    assert named_as_colours(("Red", "Green", "Blue"))
    assert named_as_colours(("R", "G", "B"))
    assert not named_as_colours(("", "", ""))
    assert not named_as_colours(("red", "green"))
