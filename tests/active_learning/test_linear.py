"""The linear model tells classes apart from few labels, whichever of them were seen."""

import numpy as np
import pytest

from napari_hemalens.active_learning import linear

RNG = np.random.default_rng(0)


def cells(number: int, classes: int = 3, size: int = 40) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(number) % classes
    vectors = np.eye(classes, size)[labels] * 4 + RNG.normal(0, 1, (number, size))
    return vectors.astype(np.float32), labels


def test_standardised_numbers_do_not_depend_on_their_units() -> None:
    vectors, _ = cells(60)
    units = np.logspace(-3, 3, 40).astype(np.float32)
    placed = linear.place(vectors)
    np.testing.assert_allclose(linear.place(vectors * units + 5), placed, atol=1e-3)
    scaled = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    np.testing.assert_allclose(placed, scaled / np.linalg.norm(scaled, axis=1, keepdims=True), atol=1e-5)


def test_an_outlier_is_placed_by_its_direction() -> None:
    vectors, _ = cells(60)
    placement = linear.Placement.of(vectors)
    far = placement.middle + 100 * (vectors - placement.middle)
    np.testing.assert_allclose(placement.place(far), placement.place(vectors), atol=1e-5)


def test_a_number_that_never_changes_says_nothing() -> None:
    vectors, _ = cells(30)
    vectors[:, 7] = 3
    assert np.abs(linear.place(vectors)[:, 7]).max() == 0
    assert linear.place(np.zeros((0, 0), np.float32)).shape == (0, 0)


def test_leading_directions_keep_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    basis = RNG.normal(0, 1, (20, 400))
    vectors = (RNG.normal(0, 1, (300, 20)) @ basis).astype(np.float32)
    monkeypatch.setattr(linear, "DIRECTIONS", 32)
    placed = linear.place(vectors)
    assert placed.shape == (300, 32)
    scaled = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    np.testing.assert_allclose(placed @ placed.T, scaled @ scaled.T, atol=1e-3)


@pytest.mark.parametrize("kinds", [(0, 1, 2), (0, 2), (2, 1)])
def test_classes_that_were_seen_are_told_apart_and_others_have_no_chance(kinds: tuple[int, ...]) -> None:
    vectors, labels = cells(300)
    placed = linear.place(vectors)
    rows = np.flatnonzero(np.isin(labels[:60], kinds))
    model = linear.fit(placed[rows], labels[rows], 4)
    assert model is not None
    probabilities = model.probabilities(placed)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    others = [k for k in range(4) if k not in kinds]
    assert probabilities[:, others].max(initial=0) == 0
    asked = np.isin(labels, kinds)
    assert (probabilities.argmax(axis=1) == labels)[asked].mean() > 0.9


def test_one_class_alone_or_none_is_no_model() -> None:
    vectors, _ = cells(10)
    assert linear.fit(vectors, np.zeros(10, np.int64), 3) is None
    assert linear.fit(vectors[:0], np.zeros(0, np.int64), 3) is None


def test_a_rare_class_weighs_as_much_as_a_frequent_one() -> None:
    vectors, labels = cells(400, classes=2, size=5)
    vectors = (vectors / 4).astype(np.float32)  # they overlap
    rows = np.r_[np.flatnonzero(labels == 0)[:100], np.flatnonzero(labels == 1)[:5]]
    model = linear.fit(vectors[rows], labels[rows], 2)
    assert model is not None
    named = model.probabilities(vectors).argmax(axis=1)
    assert (named[labels == 1] == 1).mean() > 0.6


@pytest.mark.parametrize("before", [2, 3])
def test_a_model_that_starts_from_another_ends_where_a_fresh_one_does(before: int) -> None:
    vectors, labels = cells(200)
    placed = linear.place(vectors)
    few = np.flatnonzero(labels[:40] < before)
    start = linear.fit(placed[few], labels[few], before)
    warm = linear.fit(placed[:90], labels[:90], 3, start)
    cold = linear.fit(placed[:90], labels[:90], 3)
    assert warm is not None
    assert cold is not None
    np.testing.assert_allclose(warm.probabilities(placed), cold.probabilities(placed), atol=0.03)


def test_a_start_with_two_classes_continues_with_two() -> None:
    vectors, labels = cells(80, classes=2)
    start = linear.fit(vectors[:20], labels[:20], 2)
    warm, cold = linear.fit(vectors, labels, 2, start), linear.fit(vectors, labels, 2)
    assert warm is not None
    assert cold is not None
    np.testing.assert_allclose(warm.probabilities(vectors), cold.probabilities(vectors), atol=0.03)


def test_no_cell_vouches_for_its_own_label() -> None:
    vectors, labels = cells(60)
    wrong = labels.copy()
    wrong[7] = (labels[7] + 1) % 3
    placed = linear.place(vectors)
    found = dict[int, np.ndarray]()
    for rows, probabilities in linear.held_out_probabilities(placed, wrong, 3):
        found |= dict(zip(rows.tolist(), probabilities, strict=True))
    assert sorted(found) == list(range(60))
    assert found[7].argmax() == labels[7]


def test_no_fold_is_yielded_where_nothing_can_be_fitted() -> None:
    vectors, _ = cells(6)
    assert list(linear.held_out_probabilities(vectors, np.zeros(6, np.int64), 3)) == []
    assert list(linear.held_out_probabilities(vectors[:2], np.array([0, 1]), 3)) == []
