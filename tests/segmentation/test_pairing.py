"""Nuclei become cells by a label image or in pairs."""

import numpy as np
import pytest

from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.segmentation.pairing import as_labels, in_cells, neighbours, pair_nuclei


def discs(*places, shape=(200, 300)):
    """Return a map of discs, given as y, x, radius and, where not in order, number."""
    labels = np.zeros(shape, dtype=np.int32)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    for number, (y, x, radius, *own) in enumerate(places, start=1):
        labels[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = own[0] if own else number
    return CellMap.from_labels(labels)


def test_two_alike_side_by_side_are_a_cell_and_a_lone_one_is_its_own():
    nuclei = discs((100, 60, 15), (100, 94, 14), (100, 200, 15))
    assert pair_nuclei(nuclei).tolist() == [1, 1, 3]


def test_what_is_too_far_or_too_unlike_is_no_pair():
    assert pair_nuclei(discs((100, 60, 15), (100, 105, 15))).tolist() == [1, 2]  # 14 px apart, of 30 px each
    assert pair_nuclei(discs((100, 60, 15), (100, 105, 15)), gap=0.5).tolist() == [1, 1]
    assert pair_nuclei(discs((100, 60, 15), (100, 90, 10))).tolist() == [1, 2]
    assert pair_nuclei(discs((100, 60, 15), (100, 90, 10)), alike=0.4).tolist() == [1, 1]


def test_of_three_in_a_row_the_two_nearest_are_a_cell():
    nuclei = discs((100, 60, 15), (100, 92, 15), (100, 126, 15))
    assert pair_nuclei(nuclei).tolist() == [1, 1, 3]


def test_touching_nuclei_are_nothing_apart_and_their_centres_decide():
    blocks = np.pad([[1, 2, 3], [0, 0, 3]], 1)
    nuclei = CellMap.from_labels(np.kron(blocks, np.ones((20, 20), int)))
    pairs, apart = neighbours(nuclei, 0.25)
    assert sorted(map(tuple, pairs.tolist())) == [(0, 1), (1, 2)]
    assert apart.tolist() == [0, 0]
    assert pair_nuclei(nuclei).tolist() == [1, 1, 3]


def test_a_lone_nucleus_at_the_edge_has_no_known_cell_but_a_pair_has():
    nuclei = discs((100, 10, 15), (12, 150, 15), (12, 183, 15), (100, 150, 15))
    assert nuclei.at_border.tolist() == [True, True, True, False]
    by_id = dict(zip(nuclei.ids.tolist(), pair_nuclei(nuclei).tolist(), strict=True))
    assert by_id == {1: 0, 2: 2, 3: 2, 4: 4}


def test_numbers_above_65535_are_kept():
    nuclei = discs((100, 60, 15, 70_000), (100, 93, 15, 70_001), (100, 200, 15, 3))
    assert pair_nuclei(nuclei).tolist() == [3, 70_000, 70_000]


@pytest.mark.parametrize("labels", [np.zeros((9, 9), int), np.pad(np.ones((3, 3), int), 3)])
def test_no_nucleus_or_one_has_no_pair(labels):
    nuclei = CellMap.from_labels(labels)
    assert pair_nuclei(nuclei).tolist() == nuclei.ids.tolist()
    assert as_labels(nuclei, pair_nuclei(nuclei)).tolist() == labels.tolist()


def test_a_nucleus_belongs_to_the_cell_that_most_of_it_lies_in():
    nuclei = discs((50, 50, 10), (50, 80, 10), (50, 150, 10), (150, 150, 10))
    cells = np.zeros((200, 300), dtype=np.int64)
    cells[20:80, 30:84] = 66_000  # holds the first, and more than half of the second
    cells[20:80, 84:120] = 7
    cells[20:80, 156:200] = 8  # holds a quarter of the third
    assert in_cells(nuclei, cells).tolist() == [66_000, 66_000, 0, 0]


def test_pairs_drawn_as_cells_give_the_same_cells_again():
    nuclei = discs((100, 60, 15, 9), (100, 94, 14, 4), (100, 200, 15, 6))
    cells = pair_nuclei(nuclei)
    drawn = as_labels(nuclei, cells)
    assert ((drawn > 0) == (nuclei.labels > 0)).all()
    assert in_cells(nuclei, drawn).tolist() == cells.tolist() == [4, 6, 4]
