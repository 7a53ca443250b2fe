"""Stains are no colours: a picture of stained cells is one, or one channel that was chosen."""

import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.colours import choose_colours

DARK = np.random.default_rng(0).integers(0, 60, (3, 20, 30), dtype=np.uint8)
BRIGHT = 255 - DARK
STAINS = ("DAPI", "FITC", "TRITC")


def slide(planes, names=(), axes="CYX"):
    return from_array(planes, axes=axes, channels=names, name="f.tif")


@pytest.mark.parametrize(
    ("planes", "names"),
    [(DARK, STAINS), (BRIGHT, STAINS), (DARK, ()), (DARK, ("Channel:0:0", "Channel:0:1", "Channel:0:2"))],
)
def test_channels_that_are_kept_apart_are_refused(planes, names):
    with pytest.raises(ImageError, match=r"f\.tif keeps 3 channels apart, .* \(--channel\).*: 0.*1.*2.*rgb, if") as no:
        choose_colours(slide(planes, names))
    assert all(name in str(no.value) for name in names)


def test_planes_that_nobody_called_channels_are_refused_as_such():
    with pytest.raises(ImageError, match=r"if they are colours\. Its 3 planes are taken for channels"):
        choose_colours(from_array(DARK))
    with pytest.raises(ImageError, match=r"if they are colours\.$"):
        choose_colours(slide(DARK))


@pytest.mark.parametrize(("channel", "index"), [("fitc", 1), (2, 2), ("0", 0)])
def test_the_channel_asked_for_is_looked_at_in_grey(channel, index):
    chosen = choose_colours(slide(DARK, STAINS), channel)
    np.testing.assert_array_equal(chosen.levels[0][0:20, 0:30][..., 0], DARK[index])
    assert choose_colours(chosen, channel).shape == (20, 30)


@pytest.mark.parametrize(
    ("names", "planes"), [(("Red", "Green", "Blue"), DARK), ((), BRIGHT), (("0", "c1", "Channel 2"), BRIGHT)]
)
def test_colours_stored_as_planes_are_a_picture(names, planes):
    given = slide(planes, names)
    assert choose_colours(given) is given


def test_who_knows_better_says_rgb():
    np.testing.assert_array_equal(
        choose_colours(slide(DARK, STAINS), "RGB").read(0, 0, 20, 30), np.moveaxis(DARK, 0, 2)
    )


def test_a_picture_and_grey_stay_as_they_are():
    for given in (slide(np.moveaxis(DARK, 0, 2), axes="YXC"), slide(DARK[0], axes="YX"), slide(DARK[:1])):
        assert choose_colours(given) is given


def test_five_channels_are_refused_too():
    with pytest.raises(ImageError, match="keeps 5 channels apart"):
        choose_colours(slide(np.zeros((5, 20, 30), np.uint8)))
