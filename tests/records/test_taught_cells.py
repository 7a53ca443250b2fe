"""Cells of any source are one record, whose ids follow from content alone."""

import numpy as np
import pytest

from napari_hemalens.records.taught_cells import TaughtCells, TaughtImage

FIRST = TaughtImage("a.png", "0" * 16, (100, 200), 0.25)
SECOND = TaughtImage("b.png", "1" * 16, (50, 50), 0.5)
BOXES = np.array([[10, 20, 30, 60], [0, 0, 8, 8]], dtype=np.float32)


def cells_in(image: TaughtImage, boxes: np.ndarray = BOXES) -> TaughtCells:
    return TaughtCells.of_image(image, boxes, np.arange(len(boxes)), "box")


def test_ids_follow_from_image_and_box_wherever_the_file_lies() -> None:
    cells = cells_in(FIRST)
    moved = cells_in(TaughtImage("elsewhere/c.png", FIRST.fingerprint, (100, 200)))
    assert len(set(cells.ids.tolist())) == 2
    assert cells.ids.tolist() == moved.ids.tolist()
    assert cells.ids.tolist() == cells_in(FIRST, BOXES + np.float32(0.01)).ids.tolist()  # another processor's rounding
    assert not set(cells.ids.tolist()) & set(cells_in(SECOND).ids.tolist())
    assert not set(cells.ids.tolist()) & set(cells_in(FIRST, BOXES + 1).ids.tolist())


def test_joined_cells_keep_their_order_ids_and_images() -> None:
    parts = [cells_in(FIRST), cells_in(SECOND), cells_in(FIRST, BOXES + 5)]
    joined = TaughtCells.join(parts)
    assert joined.images == (FIRST, SECOND)
    assert joined.image_index.tolist() == [0, 0, 1, 1, 0, 0]
    assert joined.ids.tolist() == [each for part in parts for each in part.ids.tolist()]


def test_no_cells_are_a_record_too() -> None:
    empty = TaughtCells.join([])
    assert (len(empty), empty.ids.tolist(), empty.centres.shape, empty.diameters_um.shape) == (0, [], (0, 2), (0,))


def test_measures_are_in_micrometres_where_the_pixel_size_is_known() -> None:
    joined = TaughtCells.join([cells_in(FIRST), cells_in(SECOND)])
    np.testing.assert_allclose(joined.diameters_um, [7.5, 2, 15, 4])
    np.testing.assert_allclose(joined.centres[0], [20, 40])
    np.testing.assert_allclose(joined.areas, [800, 64, 800, 64])
    unknown = TaughtImage("c.png", "2" * 16, (100, 100))
    np.testing.assert_allclose(cells_in(unknown).diameters_um, [30, 8])


@pytest.mark.parametrize("keep", [np.array([False, True]), np.array([1])])
def test_a_part_of_the_cells_keeps_their_images(keep: np.ndarray) -> None:
    taken = cells_in(FIRST).take(keep)
    assert (len(taken), taken.numbers.tolist(), taken.images) == (1, [1], (FIRST,))
