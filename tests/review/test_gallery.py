"""A gallery groups by class, least certain first, and selects as file managers do."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.review.gallery import Gallery, GalleryCells, GalleryFilter

_OF_EACH = ("classes", "given", "certainty", "sizes", "images", "rows")


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


def test_what_is_selected_comes_in_the_order_in_which_it_is_shown() -> None:
    gallery = Gallery(cells())  # 2, 7, 0, 5; 6, 1, 3; 4
    gallery.select_many([3, 6, 0])
    assert gallery.selected == (0, 6, 3)
    gallery.show(GalleryFilter(only=("normal",)))
    gallery.select_many([7])  # is not shown
    assert gallery.selected == ()


def test_classes_that_are_not_shown_are_counted_too() -> None:
    assert Gallery(cells(), GalleryFilter(only=("normal",))).counts() == {"blast": 4, "normal": 3, "": 1}
    assert Gallery(cells(), GalleryFilter(whose="given")).counts() == {"blast": 1, "normal": 1, "": 0}


def test_what_is_selected_stays_so_through_new_classes_and_filters() -> None:
    gallery = Gallery(cells())
    gallery.select_many([0, 6])
    gallery.update(replace(cells(), classes=1 - np.abs(cells().classes)))
    assert gallery.selected == (6, 0)
    gallery.show(GalleryFilter(only=("normal",)))
    assert gallery.selected == (0,)
    gallery.show(GalleryFilter())
    assert gallery.selected == (0,)


def test_arrow_keys_go_on_where_cells_were_that_have_gone_to_another_class() -> None:
    gallery = Gallery(cells())  # 2, 7, 0, 5; 6, 1, 3; 4
    before, order = gallery.cells, gallery.order
    gallery.update(replace(before, classes=np.array([0, 0, 0, 1, -1, 0, 1, 0])))  # 1 goes ahead: 2, 7, 0, 1, 5; 6, 3; 4
    assert gallery.order[gallery.place_after(order.index(1), before, order)] == 6
    gallery = Gallery(before)
    gallery.update(
        replace(before, classes=np.array([1, 1, 0, 1, -1, 0, 1, 1]))
    )  # 7 and 0 go behind: 2, 5; 6, 0, 7, ...
    assert gallery.order[gallery.place_after(order.index(0), before, order)] == 2


def test_arrow_keys_stay_at_a_cell_while_others_are_shown_or_hidden() -> None:
    gallery = Gallery(cells())
    before, order = gallery.cells, gallery.order
    gallery.show(GalleryFilter(only=("normal",)))
    assert gallery.order[gallery.place_after(order.index(1), before, order)] == 1
    gallery.update(GalleryCells(**{name: getattr(before, name)[1:] for name in _OF_EACH}, names=before.names))
    assert gallery.order[gallery.place_after(order.index(1), before, order)] == 0  # its number is another now
    gallery.select_many([5])
    assert gallery.order[gallery.place_after(order.index(0), before, order)] == 5  # 0 is no longer there


def test_arrow_keys_begin_anew_where_nothing_ahead_is_left() -> None:
    gallery = Gallery(cells())
    before, order = gallery.cells, gallery.order
    gallery.show(GalleryFilter(only=("",)))
    assert (gallery.place_after(2, before, order), gallery.place_after(-1, before, order)) == (-1, -1)
