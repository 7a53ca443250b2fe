"""A cell keeps what was said of it, though its box is another."""

from typing import Any

import numpy as np

from napari_hemalens.active_learning.known_labels import known_ids
from napari_hemalens.projects.decisions import Decision
from napari_hemalens.records.taught_cells import TaughtCells


def said_of(cells: TaughtCells, row: int, shift: float = 0.0, image: str = "f0") -> dict[str, Decision]:
    y0, x0, y1, x1 = (cells.boxes[row] + shift).tolist()
    name = f"old{row}" if shift or image != "f0" else str(cells.ids[row])
    return {name: Decision("label", name, "c1", "blast", image, (y0, x0, y1, x1))}


def test_cells_are_known_by_content_and_by_the_overlap_of_their_boxes(make_pool: Any) -> None:
    cells = make_pool(20)[0].cells
    said = said_of(cells, 2) | said_of(cells, 5, 1.5)
    found = known_ids(cells, said)
    expected = cells.ids.astype(object)
    expected[5] = "old5"
    assert found.tolist() == expected.tolist()


def test_a_box_far_off_or_in_another_image_is_not_the_cell(make_pool: Any) -> None:
    cells = make_pool(20)[0].cells
    said = said_of(cells, 5, 8.0) | said_of(cells, 7, 0.5, image="f1")
    assert known_ids(cells, said).tolist() == cells.ids.tolist()


def test_two_decisions_never_claim_one_cell(make_pool: Any) -> None:
    cells = make_pool(20)[0].cells
    first, second = said_of(cells, 5, 1.0), said_of(cells, 5, 0.5)
    twice = first | {"other": next(iter(second.values()))}
    found = known_ids(cells, twice)
    assert np.count_nonzero(found != cells.ids) == 1


def test_no_cells_know_nothing(make_pool: Any) -> None:
    assert known_ids(make_pool(20)[0].cells, {}).tolist() == make_pool(20)[0].cells.ids.tolist()
    assert len(known_ids(TaughtCells.empty(), said_of(make_pool(20)[0].cells, 0))) == 0
