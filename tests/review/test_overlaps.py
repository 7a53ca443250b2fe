"""Which boxes are one cell, and which lie in a region."""

import numpy as np

from napari_hemalens.review.overlaps import best_overlaps, inside_regions, same_cells, touching_regions

BOXES = np.array([[0, 0, 10, 10], [0, 20, 10, 30], [50, 50, 60, 60]], dtype=np.float32)


def test_boxes_are_one_cell_from_an_overlap_of_a_half_on():
    half = np.array([[0, 0, 10, 20], [0, 24, 10, 34]], dtype=np.float32)  # IoU 100/200, and 60/140
    assert same_cells(BOXES, half).tolist() == [True, False, False]


def test_nothing_is_the_same_as_no_cell_at_all():
    assert same_cells(BOXES, np.zeros((0, 4), dtype=np.float32)).tolist() == [False] * 3


def test_many_boxes_are_compared_block_by_block():
    many = np.tile(BOXES, (700, 1))  # more rows than one block
    assert same_cells(many, BOXES[:1]).sum() == 700


def test_centres_lie_in_a_region_up_to_its_far_edge_and_without_one_all_do():
    centres = np.array([[5, 5], [10, 5], [55, 55]], dtype=np.float32)
    assert inside_regions(centres, [(0, 0, 10, 10)]).tolist() == [True, False, False]
    assert inside_regions(centres, []).tolist() == [True] * 3


def test_a_box_that_only_borders_on_a_region_does_not_touch_it():
    assert touching_regions(BOXES, [(0, 9, 10, 20)]).tolist() == [True, False, False]
    assert touching_regions(BOXES, []).tolist() == [False] * 3


def test_the_box_that_overlaps_most_is_found() -> None:
    boxes = np.array([[0, 0, 10, 10], [50, 50, 60, 60]], dtype=np.float32)
    others = np.array([[52, 50, 62, 60], [0, 0, 10, 5], [1, 0, 11, 10]], dtype=np.float32)
    nearest, overlap = best_overlaps(boxes, others)
    assert nearest.tolist() == [2, 0]
    np.testing.assert_allclose(overlap, [90 / 110, 80 / 120], rtol=1e-6)
