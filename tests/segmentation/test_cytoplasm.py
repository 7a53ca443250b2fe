"""Cells around nuclei, without red cells."""

from napari_hemalens.segmentation import cytoplasm


def test_red_cells_are_known_by_their_colour(smear, dyes, body):
    red = cytoplasm.red_cells(dyes, smear[2], body)
    assert red[20, 20]
    assert red[110, 210]
    assert red[smear[2]].mean() < 0.1


def test_cells_are_nuclei_and_cytoplasm_without_red_cells(smear, dyes, body, overlap):
    assert overlap(cytoplasm.cell_mask(dyes, smear[2], body), smear[1]) > 0.85
