"""A gallery groups by class, least certain first, and selects as file managers do."""

import time
from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.review.gallery import Gallery, GalleryCells, GalleryFilter


def cells() -> GalleryCells:
    """Return eight cells: two classes, one without, two that a person named."""
    return GalleryCells(
        names=("blast", "normal"),
        classes=np.array([0, 1, 0, 1, -1, 0, 1, 0]),
        given=np.array([0, 0, 0, 1, 0, 1, 0, 0], dtype=bool),
        certainty=np.array([0.9, 0.8, 0.6, 0.1, np.nan, 0.2, 0.7, 0.75], dtype=np.float32),
        sizes=np.array([10, 11, 12, 13, 14, 15, 16, np.nan], dtype=np.float32),
        images=np.zeros(8, dtype=np.int64),
        rows=np.arange(8),
    )


def shown(gallery: Gallery) -> dict[str, list[int]]:
    return {group.name: group.cells.tolist() for group in gallery.groups}


def test_classes_come_in_their_order_least_certain_first_then_named_ones() -> None:
    assert shown(Gallery(cells())) == {"blast": [2, 7, 0, 5], "normal": [6, 1, 3], "": [4]}


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        (GalleryFilter(only=("normal",)), {1, 3, 6}),
        (GalleryFilter(only=("", "blast")), {0, 2, 4, 5, 7}),
        (GalleryFilter(smallest=12, largest=14), {2, 3, 4, 7}),
        (GalleryFilter(whose="given"), {3, 5}),
        (GalleryFilter(whose="predicted"), {0, 1, 2, 4, 6, 7}),
        (GalleryFilter(most_certain=0.7), {2, 3, 4, 5, 6}),
        (GalleryFilter(only=()), set()),
    ],
)
def test_cells_are_filtered_by_class_size_person_and_certainty(chosen: GalleryFilter, kept: set[int]) -> None:
    gallery = Gallery(cells(), chosen)
    assert set(gallery.order) == kept
    assert [group.name for group in gallery.groups] == ["blast", "normal", ""]


def test_clicks_select_one_more_and_a_range() -> None:
    gallery = Gallery(cells())  # 2, 7, 0, 5; 6, 1, 3; 4
    gallery.select(0)
    gallery.toggle(3)
    assert gallery.selected == (0, 3)
    gallery.toggle(0)
    assert (gallery.selected, gallery.is_selected(0)) == ((3,), False)
    gallery.select(5)
    gallery.extend_to(1)
    assert gallery.selected == (5, 6, 1)
    gallery.extend_to(2)  # from the same cell, to the other side
    assert gallery.selected == (2, 7, 0, 5)
    gallery.clear_selection()
    gallery.extend_to(6)
    assert gallery.selected == (6,)


def test_a_rubber_band_a_group_and_all_are_selected() -> None:
    gallery = Gallery(cells())
    gallery.select_many([3, 6])
    gallery.select_many([0], add=True)
    assert gallery.selected == (0, 6, 3)
    gallery.select_group("blast")
    assert gallery.selected == (2, 7, 0, 5)
    gallery.select_all()
    assert len(gallery.selected) == 8
    gallery.show(GalleryFilter(only=("normal",)))
    gallery.select_many([7])
    assert gallery.selected == ()


def test_arrow_keys_move_over_the_cells_that_are_shown() -> None:
    gallery = Gallery(cells())
    assert gallery.move(1) == 2
    assert gallery.move(1) == 7
    assert gallery.move(2, extend=True) == 5
    assert gallery.selected == (7, 5)
    assert gallery.move(-20) == 2
    assert gallery.move(20) == 4
    assert Gallery(cells(), GalleryFilter(only=())).move(1) is None


def test_what_is_selected_stays_so_through_new_classes_and_filters() -> None:
    gallery = Gallery(cells())
    gallery.select_many([0, 6])
    gallery.update(replace(cells(), classes=1 - np.abs(cells().classes)))
    assert gallery.selected == (6, 0)
    gallery.show(GalleryFilter(only=("normal",)))
    assert gallery.selected == (0,)
    gallery.show(GalleryFilter())
    assert gallery.selected == (0,)


def test_twenty_thousand_cells_are_arranged_while_nobody_notices() -> None:
    rng, number = np.random.default_rng(0), 20_000
    many = GalleryCells(
        tuple("abcdefgh"),
        rng.integers(0, 8, number),
        rng.random(number) < 0.1,
        rng.random(number).astype(np.float32),
        rng.random(number).astype(np.float32),
        np.zeros(number, np.int64),
        np.arange(number),
    )
    gallery = Gallery(many)
    start = time.perf_counter()
    gallery.update(many)
    gallery.select_all()
    assert time.perf_counter() - start < 1
