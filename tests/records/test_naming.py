"""What a classifier says of detected cells, kept beside them in their order."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.records.naming import Naming

NAMES = ("blast", "lymphocyte", "monocyte")
NOT_ASKED = [np.nan] * 3


@pytest.fixture
def naming() -> Naming:
    """A sure lymphocyte, a red cell that nobody asked about, and a strange cell that may be a blast."""
    probabilities = np.array([[0.1, 0.8, 0.1], NOT_ASKED, [0.5, 0.3, 0.2]], np.float32)
    return Naming(NAMES, probabilities, np.array([0.4, np.nan, 1.7], np.float32))


def test_only_cells_with_probabilities_were_asked_about(naming: Naming) -> None:
    assert len(naming) == 3
    assert naming.asked.tolist() == [True, False, True]
    assert not Naming.none(NAMES, 2).asked.any()


def test_a_cell_is_unsure_from_a_novelty_of_1_on_and_never_unmeasured(naming: Naming) -> None:
    assert naming.unsure.tolist() == [False, False, True]
    at_the_edge = replace(naming, novelty=np.array([0.999, np.nan, 1.0], np.float32))
    assert at_the_edge.unsure.tolist() == [False, False, True]


def test_the_tissue_shifts_what_follows_and_keeps_what_was_seen(naming: Naming) -> None:
    blood = replace(naming, tissue="blood")
    assert blood.probabilities is naming.probabilities
    assert blood.posterior[2, 0] < naming.posterior[2, 0] == pytest.approx(0.5)
    assert np.isnan(blood.posterior[1]).all()
    np.testing.assert_array_equal(replace(naming, tissue="marrow").posterior, naming.posterior)


def test_a_cell_that_a_person_named_is_no_longer_unsure(naming: Naming) -> None:
    settled = naming.settled(np.array([2]))
    assert not settled.unsure.any()
    assert naming.unsure.any()
    np.testing.assert_array_equal(settled.probabilities, naming.probabilities)


def test_rows_follow_a_mask_or_an_index(naming: Naming) -> None:
    turned = naming.take(np.array([2, 0]))
    assert turned.novelty.tolist() == pytest.approx([1.7, 0.4])
    np.testing.assert_array_equal(turned.probabilities, naming.probabilities[[2, 0]])
    assert len(naming.take(naming.asked)) == 2


def test_appended_cells_come_last_in_their_order(naming: Naming) -> None:
    both = naming.append(naming.take(np.array([2, 1])), 2)
    assert both.asked.tolist() == [True, False, True, True, False]
    assert both.novelty[3] == pytest.approx(1.7)


@pytest.mark.parametrize("other", [None, Naming(("a", "b"), np.full((2, 2), 0.5, np.float32), np.ones(2, np.float32))])
def test_nothing_is_known_of_cells_named_by_nobody_or_by_others(naming: Naming, other: Naming | None) -> None:
    both = naming.append(other, 2)
    assert (both.names, len(both)) == (NAMES, 5)
    assert both.asked.tolist() == [True, False, True, False, False]
    assert not both.unsure[3:].any()


def test_of_a_file_only_the_probability_of_the_class_is_known() -> None:
    certainty, novelty = np.array([0.7, np.nan], np.float32), np.array([0.2, 1.5], np.float32)
    known = Naming.from_certainty(NAMES[:2], np.array([1, 0]), certainty, novelty)
    expected = np.array([[np.nan, 0.7], [np.nan, np.nan]], np.float32)
    np.testing.assert_array_equal(known.probabilities, expected)
    np.testing.assert_array_equal(replace(known, tissue="blood").posterior, expected)
    assert known.unsure.tolist() == [False, True]
    assert not known.asked.any()
