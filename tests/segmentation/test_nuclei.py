"""Nuclei of a stained smear."""

from napari_hemalens.segmentation import nuclei


def test_nuclei_are_outlined_and_red_cells_are_none(smear, dyes, body, overlap):
    assert overlap(nuclei.nuclear_mask(dyes, body), smear[2]) > 0.85


def test_a_higher_threshold_makes_smaller_nuclei(dyes, body):
    usual, high = (nuclei.nuclear_mask(dyes, body, threshold=threshold).sum() for threshold in (1.0, 1.6))
    assert 0 < high < usual
