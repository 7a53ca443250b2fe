"""Random cells are a fixed sixth; the others come diverse first, then hard and rare."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.active_learning.choosing import Situation, choose, is_random_turn, random_cells

IDS = np.array([f"{k:016x}" for k in range(600)])
RNG = np.random.default_rng(0)


def situation(number: int = 60, **changes: object) -> Situation:
    """Return cells on an arc, none with a label."""
    angles = np.linspace(0, np.pi / 2, number)
    placed = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    nothing = np.zeros(number, dtype=bool)
    found = Situation(placed, None, np.full(number, -1), nothing, ~nothing)
    return replace(found, **changes)  # type: ignore[arg-type]


def test_a_sixth_of_the_cells_is_held_back_and_at_most_two_hundred() -> None:
    assert [len(random_cells(IDS[:n], 0)) for n in (0, 11, 12, 60, 600)] == [0, 0, 2, 10, 100]
    many = np.array([f"{k:016x}" for k in range(3000)])
    assert len(random_cells(many, 0)) == 200


def test_which_cells_are_random_follows_from_seed_and_content_alone() -> None:
    rows = random_cells(IDS, 0)
    shuffled = RNG.permutation(600)
    assert IDS[rows].tolist() == IDS[shuffled][random_cells(IDS[shuffled], 0)].tolist()
    assert set(rows.tolist()) != set(random_cells(IDS, 1).tolist())
    assert 200 < rows.mean() < 400


def test_cells_that_are_added_do_not_reorder_the_random_ones() -> None:
    before, after = IDS[:300][random_cells(IDS[:300], 0)], IDS[random_cells(IDS, 0)]
    kept = [id_ for id_ in after.tolist() if id_ in set(before.tolist())]
    assert kept == [id_ for id_ in before.tolist() if id_ in set(kept)]
    assert len(kept) > 30


def test_one_cell_in_six_is_random_from_the_beginning() -> None:
    turns, tested = [], 0
    for shown in range(60):
        turns.append(is_random_turn(shown, tested))
        tested += turns[-1]
    assert (sum(turns), turns.index(True)) == (10, 3)
    assert all(sum(turns[k : k + 6]) == 1 for k in range(55))


def test_the_first_cells_are_far_apart() -> None:
    first = choose(situation(), 3).tolist()
    assert {0, 59} < set(first)
    assert choose(situation(), 5)[:3].tolist() == first


def test_neither_said_cells_nor_others_that_may_not_be_shown_are_chosen() -> None:
    said, candidates = np.zeros(60, bool), np.zeros(60, bool)
    said[30:], candidates[:20] = True, True
    chosen = choose(situation(said=said, candidates=candidates), 40)
    assert sorted(chosen.tolist()) == list(range(20))
    assert chosen[0] == 0  # farthest from all that is known
    assert len(choose(situation(candidates=said & candidates), 5)) == 0


def with_labels(*counts: int) -> Situation:
    labels = np.full(200, -1)
    labels[: sum(counts)] = np.repeat(np.arange(len(counts)), counts)
    probabilities = np.full((200, len(counts)), 0.02, np.float32)
    probabilities[:, 0], probabilities[:, 1] = 1 - 0.02 * len(counts), 0.04
    probabilities[150:155, :2] = 0.5 - 0.01 * (len(counts) - 2)  # hard to tell
    probabilities[160:163, -1], probabilities[160:163, 0] = 0.8, 0.1  # the last class
    return replace(situation(200), probabilities=probabilities, labels=labels, said=labels >= 0, candidates=labels < 0)


def test_hard_cells_come_once_every_class_has_five_labels() -> None:
    chosen = choose(with_labels(15, 10, 6), 9, "margin")
    assert len(set(chosen.tolist()) & set(range(150, 155))) == 5


@pytest.mark.parametrize("counts", [(10, 6), (18, 8, 2)])
def test_until_then_diverse_ones_come(counts: tuple[int, ...]) -> None:
    now = with_labels(*counts)
    chosen = choose(now, 9, "margin")
    diverse = choose(replace(now, probabilities=None), 9)
    assert len(set(chosen.tolist()) & set(diverse.tolist())) >= 5


def test_a_class_that_stays_rare_does_not_hold_the_others_up() -> None:
    chosen = choose(with_labels(80, 40, 2), 9, "margin")
    assert len(set(chosen.tolist()) & set(range(150, 155))) >= 4


def test_every_third_cell_may_be_of_the_rarest_class() -> None:
    chosen = choose(with_labels(40, 40, 6), 9).tolist()
    assert len(set(chosen) & {160, 161, 162}) == 3
    assert len(set(chosen)) == 9


def test_chance_alone_knows_neither_a_beginning_nor_rare_classes() -> None:
    now = with_labels(40, 40, 6)
    chosen = choose(now, 9, "random")
    assert chosen.tolist() == choose(replace(now, probabilities=None), 9, "random").tolist()
    assert len(set(chosen.tolist())) == 9
