"""Contrast is that of WCAG, and ink can be read on every class."""

import pytest

from napari_hemalens.records.contrast import READABLE, contrast, ink_on
from napari_hemalens.records.palette import colour_of
from napari_hemalens.records.taxonomy import CELL_CLASSES


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_contrast_is_that_of_wcag_in_either_order(one, other, ratio):
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


def test_the_key_of_every_class_is_read_on_its_colour():
    grounds = [colour_of(cell.name) for cell in CELL_CLASSES] + [
        f"#{grey:02x}{grey:02x}{grey:02x}" for grey in range(256)
    ]
    assert min(contrast(ink_on(ground), ground) for ground in grounds) >= READABLE
