"""Orders of a pool: written out longhand, and as scikit-activeml has them."""

import math
import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from skactiveml.pool import CoreSet, uncertainty_scores

from napari_hemalens.active_learning.acquisition import STRATEGIES, Pool, entropies, margins, order
from napari_hemalens.errors import RecipeError

LABELLED = np.array([3, 17, 40])


def pool_of(cells: int = 60, *, labelled: NDArray[np.int64] = LABELLED, seed: int = 0) -> Pool:
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(size=(cells, 8)).astype(np.float32)
    probabilities = rng.dirichlet([0.5] * 4, size=cells).astype(np.float32)
    return Pool(embeddings, probabilities, labelled, rng.normal(size=cells).astype(np.float32))


def k_centre_longhand(pool: Pool, first: int, weights: NDArray[np.float64]) -> list[int]:
    named, taken = [int(row) for row in pool.labelled], list[int]()
    cells = pool.embeddings.astype(np.float64)
    for _ in range(first):
        best, best_score = -1, -1.0
        for row in set(range(len(cells))) - {*named, *taken}:
            score = weights[row] * min(math.dist(cells[row], cells[other]) for other in [*named, *taken])
            if score > best_score:
                best, best_score = row, score
        taken.append(best)
    return taken


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_order_holds_each_unnamed_cell_once(name: str) -> None:
    pool = pool_of()
    found = order(name, pool)
    assert found.dtype == np.int64
    assert sorted(found.tolist()) == sorted(set(range(60)) - set(LABELLED.tolist()))


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_first_few_are_the_beginning_of_the_whole_order(name: str) -> None:
    assert order(name, pool_of(), 7).tolist() == order(name, pool_of())[:7].tolist()


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_mask_says_the_same_as_rows(name: str) -> None:
    pool = pool_of()
    mask = np.zeros(60, dtype=bool)
    mask[LABELLED] = True
    as_mask = Pool(pool.embeddings, pool.probabilities, mask, pool.predicted_losses)
    assert order(name, as_mask).tolist() == order(name, pool).tolist()


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_cell_is_named_by_an_empty_list_of_rows(name: str) -> None:
    assert sorted(order(name, pool_of(labelled=np.array([], dtype=np.int64))).tolist()) == list(range(60))


@pytest.mark.parametrize("name", STRATEGIES)
def test_nothing_is_left_to_name_in_a_named_pool(name: str) -> None:
    assert order(name, pool_of(labelled=np.arange(60)), 5).tolist() == []


def test_entropy_and_margin_are_those_of_a_calculation_by_hand() -> None:
    probabilities = np.array([[0.5, 0.25, 0.25], [1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], dtype=np.float32)
    assert entropies(probabilities) == pytest.approx([1.5 * math.log(2), 0, math.log(3)], abs=1e-6)
    assert margins(probabilities) == pytest.approx([0.25, 1, 0], abs=1e-6)


@pytest.mark.parametrize(("name", "of_oracle"), [("entropy", "entropy"), ("margin", "margin_sampling")])
def test_uncertain_cells_come_in_the_order_of_scikit_activeml(name: str, of_oracle: str) -> None:
    pool = pool_of()
    rows = pool.unlabelled
    utilities = uncertainty_scores(pool.probabilities.astype(np.float64)[rows], method=of_oracle)
    assert order(name, pool).tolist() == rows[np.argsort(-utilities, kind="stable")].tolist()


def test_diverse_cells_come_in_the_order_of_scikit_activeml() -> None:
    pool = pool_of()
    classes = np.full(60, np.nan)
    classes[LABELLED] = 0
    queried = CoreSet(random_state=0).query(pool.embeddings.astype(np.float64), classes, batch_size=20)
    assert order("diversity", pool, 20).tolist() == queried.tolist()


def test_each_diverse_cell_is_the_farthest_from_all_named_or_taken() -> None:
    pool = pool_of()
    assert order("diversity", pool, 12).tolist() == k_centre_longhand(pool, 12, np.ones(60))


def test_the_mixed_order_multiplies_distance_by_uncertainty() -> None:
    pool = pool_of()
    first, second = np.sort(pool.probabilities.astype(np.float64), axis=1)[:, :-3:-1].T
    assert order("margin-diversity", pool, 12).tolist() == k_centre_longhand(pool, 12, 1 - (first - second))


def test_without_named_cells_diversity_begins_nearest_the_mean() -> None:
    pool = pool_of(labelled=np.array([], dtype=np.int64))
    begun = np.linalg.norm(pool.embeddings - pool.embeddings.mean(axis=0), axis=1).argmin()
    found = order("diversity", pool, 10)
    assert found[0] == begun
    rest = Pool(pool.embeddings, pool.probabilities, np.array([begun]))
    assert found[1:].tolist() == k_centre_longhand(rest, 9, np.ones(60))


def test_without_named_cells_the_mixed_order_begins_with_the_least_margin() -> None:
    pool = pool_of(labelled=np.array([], dtype=np.int64))
    assert order("margin-diversity", pool, 1)[0] == margins(pool.probabilities).argmin()


def test_a_copy_of_a_taken_cell_comes_late_however_unsure_it_is() -> None:
    embeddings = np.array([[0, 0], [1, 0], [1, 0], [0, 1]], dtype=np.float32)
    probabilities = np.array([[1, 0], [0.5, 0.5], [0.5, 0.5], [0.9, 0.1]], dtype=np.float32)
    pool = Pool(embeddings, probabilities, np.array([0]))
    assert order("margin", pool).tolist() == [1, 2, 3]
    assert order("margin-diversity", pool).tolist() == [1, 3, 2]


def test_the_highest_predicted_loss_comes_first() -> None:
    pool = Pool(np.zeros((4, 1), np.float32), np.ones((4, 2), np.float32), np.array([0]), np.float32([9, 1, 3, 2]))
    assert order("loss", pool).tolist() == [2, 3, 1]


def test_chance_depends_on_the_seed_alone() -> None:
    cells = np.zeros((50, 1), np.float32), np.ones((50, 2), np.float32), np.array([0])
    orders = [order("random", Pool(*cells, seed=seed)).tolist() for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize("name", ["entropy", "margin", "loss", "diversity", "margin-diversity"])
def test_of_equal_cells_the_lower_row_comes_first(name: str) -> None:
    same = np.ones((6, 3), np.float32)
    assert order(name, Pool(same, same / 3, np.array([2]), same[:, 0])).tolist() == [0, 1, 3, 4, 5]


def test_fifty_diverse_cells_of_twenty_thousand_take_bounded_memory() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(20_000, 256)).astype(np.float32)
    pool = Pool(embeddings, np.full((20_000, 4), 0.25, np.float32), np.arange(2_000))
    tracemalloc.start()
    found = order("diversity", pool, 50)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(set(found.tolist())) == 50
    assert peak < 3 * embeddings.nbytes  # all distances to the named cells alone are 8 times as large


NAN = np.full((3, 2), np.nan, dtype=np.float32)
ONES = np.ones((3, 2), dtype=np.float32)
WRONG = {
    "embeddings of 3 cells, but probabilities of 2": (ONES, ONES[:2], np.array([0])),
    "embeddings of 3 cells, but predicted losses of 2": (ONES, ONES, np.array([0]), np.ones(2, np.float32)),
    "embeddings of the pool are not all finite": (NAN, ONES, np.array([0])),
    "probabilities of the pool are not all finite": (ONES, NAN, np.array([0])),
    r"shape \(2,\); the pool has 3": (ONES, ONES, np.array([True, False])),
    "rows 0 to 2 of the pool; got 0 to 3": (ONES, ONES, np.array([0, 3])),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_pool_whose_parts_do_not_fit_is_refused(message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Pool(*WRONG[message])


def test_a_strategy_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(RecipeError, match=r"No strategy 'guess'. Known: random, entropy, margin"):
        order("guess", pool_of())


def test_predicted_loss_is_asked_for_where_it_is_needed() -> None:
    with pytest.raises(RecipeError, match="needs predicted losses"):
        order("loss", Pool(ONES, ONES, np.array([0])))


def test_a_margin_needs_two_classes() -> None:
    with pytest.raises(RecipeError, match="between two classes; got probabilities of 1"):
        order("margin", Pool(ONES, ONES[:, :1], np.array([0])))
