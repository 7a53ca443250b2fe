"""Labels from elsewhere are checked where they enter."""

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.segmentation.labels import check_labels, is_semantic, relabel_pieces

SHAPE = (40, 60)


def squares(*corners, ids=None, side=6):
    labels = np.zeros(SHAPE, dtype=np.int64)
    for number, (y, x) in enumerate(corners, start=1):
        labels[y : y + side, x : x + side] = ids[number - 1] if ids else number
    return labels


def test_ids_above_65535_and_with_gaps_stay_as_they_are():
    cells = check_labels(squares((0, 0), (20, 20), ids=[3, 70_000]), SHAPE)
    assert cells.dtype == np.int32
    assert np.unique(cells).tolist() == [0, 3, 70_000]


def test_a_mask_of_true_and_false_is_taken():
    assert check_labels(squares((0, 0)) > 0, SHAPE).max() == 1


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.ones(SHAPE, dtype=np.float32), r"Values of type float32 are not labels: labels are whole numbers"),
        (np.ones((2, *SHAPE), dtype=np.uint8), r"\(2, 40, 60\) have 3 axes: give one plane"),
        (np.ones((60, 40), dtype=np.uint8), r"Labels of 60 x 40 pixels do not fit an image of 40 x 60"),
        (np.zeros(SHAPE, dtype=np.uint8), r"hold no cell: every pixel is 0"),
        (np.full(SHAPE, -1), r"Labels of -1 to -1 are out of range"),
        (np.full(SHAPE, 2**31), r"are out of range: ids are 0 to 2147483647"),
    ],
)
def test_what_is_no_labels_of_the_image_is_refused_in_one_sentence(labels, message):
    with pytest.raises(AnnotationError, match=message):
        check_labels(labels, SHAPE)


def test_one_id_for_many_cells_is_a_semantic_mask():
    assert is_semantic(squares((0, 0), (0, 20), (20, 0), ids=[1, 1, 1]))


def test_a_clump_does_not_hide_the_single_cells_of_a_semantic_mask():
    labels = squares((0, 0), (0, 10), (0, 20), (0, 30), ids=[1] * 4)
    labels[15:, :] = 1
    assert is_semantic(labels)


def test_instance_labels_are_not_semantic_despite_slips_of_the_brush():
    labels = squares((0, 0), (0, 20), (20, 0), (20, 20), ids=[1, 2, 3, 3])
    labels[35, 10:50:15] = 1  # three slips
    assert not is_semantic(labels)
    assert not is_semantic(squares((0, 0)))
    assert not is_semantic(squares())


def test_each_piece_gets_an_id_of_its_own():
    labels = relabel_pieces(squares((0, 0), (0, 20), (20, 0), ids=[1, 1, 1]))
    assert labels.dtype == np.int32
    assert len(np.unique(labels)) == 4


def test_parts_that_touch_are_one_and_parts_that_meet_at_a_corner_two():
    assert relabel_pieces(squares((0, 0), (0, 6), ids=[1, 2])).max() == 1
    assert relabel_pieces(squares((0, 0), (6, 6), ids=[1, 1])).max() == 2
