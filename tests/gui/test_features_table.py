"""Rows of napari's features table, and the cells in them."""

import numpy as np
from napari.layers import Labels

from napari_hemalens.gui.features_table import chosen_number, number_of, tables_of


def test_a_row_holds_the_cell_of_its_index():
    layer = Labels(np.zeros((4, 5), int), features={"index": [4, 7, 9]})
    assert [number_of(layer, row) for row in (0, 2, 3, -1)] == [4, 9, 0, 0]


def test_without_a_table_the_label_is_the_cell():
    layer = Labels(np.zeros((4, 5), int), features={"index": [4, 7, 9]})
    layer.selected_label = 7
    assert tables_of(layer) == []
    assert chosen_number(layer) == 7
