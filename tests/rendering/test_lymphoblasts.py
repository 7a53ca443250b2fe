import numpy as np
import pytest

from napari_hemalens.rendering.lymphoblasts import BLAST, NORMAL, LymphoblastField, render_lymphoblasts


@pytest.fixture(scope="module")
def field() -> LymphoblastField:
    return render_lymphoblasts((400, 400), pixel_size_um=0.25, seed=1)


def test_the_same_seed_gives_the_same_pixels(field: LymphoblastField) -> None:
    same = render_lymphoblasts((400, 400), pixel_size_um=0.25, seed=1)
    np.testing.assert_array_equal(field.image, same.image)
    np.testing.assert_array_equal(field.labels, same.labels)
    np.testing.assert_array_equal(field.class_names, same.class_names)


def test_every_number_has_a_class(field: LymphoblastField) -> None:
    assert np.unique(field.labels).tolist() == list(range(len(field.class_names) + 1))
    assert {*field.class_names.tolist()} == {BLAST, NORMAL}


def test_cells_of_which_the_edge_leaves_a_sliver_have_no_number(field: LymphoblastField) -> None:
    areas = np.bincount(field.labels.ravel())[1:] * 0.25**2
    smallest = np.pi * (9.0 / 2) ** 2
    assert areas.min() > 0.35 * smallest  # half of the cell, less what lies under its neighbours


def test_cells_are_darker_than_the_slide_and_blasts_are_mostly_nucleus(field: LymphoblastField) -> None:
    green = field.image[..., 1].astype(float)
    empty = np.median(green[field.labels == 0])
    for number in np.flatnonzero(field.class_names == BLAST) + 1:
        own = green[field.labels == number]
        assert (own < 0.6 * empty).mean() > 0.55
