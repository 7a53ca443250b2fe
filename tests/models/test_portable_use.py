"""What is said of an exported network is enough to use it without HemaLens."""

import numpy as np
import pytest

from napari_hemalens.models.portable_use import channel_names, directions, fill_of
from napari_hemalens.models.weights import classifier_card, detector_card


def test_the_channels_of_fluorescence_are_no_colours() -> None:
    assert channel_names(classifier_card("micronucleus-attention")) == ("grey", "this_cell", "other_cells")
    assert channel_names(classifier_card("nucleated-cells")) == ("red", "green", "blue")
    assert channel_names(detector_card("marrow-lite")) == ("red", "green", "blue")
    card = classifier_card("micronucleus-attention")
    seen = card.model_copy(update={"crop": card.crop.model_copy(update={"neighbours": "seen"})})
    assert channel_names(seen) == ("grey1", "grey2", "grey3")


@pytest.mark.parametrize("name", ["micronucleus-attention", "nucleated-cells", "all-eca", "field-rcan"])
def test_there_is_a_name_for_each_channel_of_a_crop(name: str) -> None:
    card = classifier_card(name)
    assert len(channel_names(card)) == card.crop.channels


def test_how_a_crop_is_cut_is_said_in_words() -> None:
    said = " ".join(directions(classifier_card("micronucleus-attention")))
    assert "191 px a side, 2.5 times as wide as the median cell of the image" in said
    assert "255 where the cell is, and 255 where other cells are" in said
    assert "A cell is micronucleus where its probability is 0.6554 or more." in said
    said = " ".join(directions(classifier_card("all-eca")))
    assert "reduced to 32 px a side first" in said
    assert "All that is not the cell is 255" in said
    assert "brought to that of a reference" in said
    assert "160 px a side, 20 micrometres wide" in " ".join(directions(classifier_card("nucleated-cells")))


def test_what_of_a_tile_is_no_image_is_neither_bright_nor_dark() -> None:
    card = detector_card("marrow-lite")
    assert fill_of(card) == (128, 128, 128)
    standard = (np.array(fill_of(card)) / 255 - card.mean) / card.std
    np.testing.assert_allclose(standard, 0, atol=0.01)  # as the padding within the network
    said = " ".join(directions(card))
    assert "filled with 128, 128, 128" in said
    assert "labels count from 1" in said
    assert "several classes" in said
