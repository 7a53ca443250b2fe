import pytest

from napari_hemalens.config.networks import CropRecipe


def test_a_crop_in_micrometres_that_shows_the_image_needs_no_labels():
    assert not CropRecipe(unit="um", width=20).needs_labels


@pytest.mark.parametrize(
    "option",
    [{"unit": "diameter"}, {"light": "fluorescence"}, {"neighbours": "hidden"}, {"detail": 32}, {"stain": "grey"}],
)
def test_a_crop_that_depends_on_outlines_needs_labels(option):
    assert CropRecipe(**{"unit": "um", **option}).needs_labels


def test_masks_are_channels_of_their_own_and_replace_colours_in_grey():
    assert CropRecipe().channels == 3
    assert CropRecipe(neighbours="masks").channels == 5
    assert CropRecipe(neighbours="masks", light="fluorescence").channels == 3
