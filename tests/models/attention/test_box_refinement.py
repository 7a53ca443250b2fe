"""Soft-attention box refinement of Wang et al. 2021, against its formulas written out and episodes worked by hand."""

import math

import numpy as np
import pytest
import torch

from napari_hemalens.config.networks import RefinementRecipe
from napari_hemalens.models.attention.box_refinement import (
    ACTIONS,
    STOP,
    BoxRefinement,
    attention_weights,
    moved,
    places_inside,
    widened,
)

BOX = torch.tensor([[10.0, 20.0, 30.0, 60.0]])  # 20 wide, 40 high


def looked(query: list[float], keys: list[list[float]], mask: list[int], beta: float, *, literal: bool) -> list[float]:
    """Equations 1 and 2 for one agent, number by number."""
    similar = [sum(q * k for q, k in zip(query, key, strict=True)) / math.sqrt(len(query)) for key in keys]
    total = sum(math.exp(s) for s in similar)
    scaled = [beta * math.exp(s) / total for s in similar]
    if literal:
        powers = [math.exp(a * m) for a, m in zip(scaled, mask, strict=True)]
    else:
        powers = [math.exp(a) if m else 0.0 for a, m in zip(scaled, mask, strict=True)]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("literal", [False, True])
def test_attention_is_equations_1_and_2_written_out(literal: bool) -> None:
    query = [[0.3, -1.2], [2.0, 0.4]]
    keys = [[[1.0, 0.5], [-0.7, 0.2], [0.1, -2.0]], [[0.0, 1.0], [3.0, 1.0], [-1.0, -1.0]]]
    mask = [[1, 0, 1], [0, 1, 1]]
    found = attention_weights(
        torch.tensor(query), torch.tensor(keys), torch.tensor(mask).bool(), torch.tensor(1.7), literal=literal
    )
    expected = [looked(*given, 1.7, literal=literal) for given in zip(query, keys, mask, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_only_the_literal_mask_leaves_weight_outside_of_the_box() -> None:
    query, keys, mask = torch.zeros(1, 2), torch.zeros(1, 4, 2), torch.tensor([[True, True, False, False]])
    assert attention_weights(query, keys, mask, 1.0).tolist() == [[0.5, 0.5, 0.0, 0.0]]
    assert (attention_weights(query, keys, mask, 1.0, literal=True)[0, 2:] > 0.2).all()


def test_the_context_is_equation_3_and_depends_on_the_box_alone() -> None:
    torch.manual_seed(0)
    agents = BoxRefinement(4, RefinementRecipe(hidden=8, most_steps=1), grid=7)
    windows = widened(BOX, 1.5)
    inside = places_inside(BOX, windows, 7)[0]
    seen = torch.randn(1, 4, 7, 7)
    contexts: list[torch.Tensor] = []
    agents.recurrent.register_forward_pre_hook(lambda _, call: contexts.append(call[0][0, :8]))
    with torch.inference_mode():
        episode = agents(seen, BOX, windows)
        places = seen.flatten(2)[0].T
        values = agents.value(places) + agents.place
        expected = sum(episode.attention[0, 0, i] * values[i] for i in range(49))
    torch.testing.assert_close(contexts[0], expected)
    assert episode.attention[0, 0].sum().item() == pytest.approx(1)
    assert not episode.attention[0, 0][~inside].any()


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("left", [8, 20, 28, 60]),
        ("right", [12, 20, 32, 60]),
        ("up", [10, 16, 30, 56]),
        ("down", [10, 24, 30, 64]),
        ("narrower", [11, 20, 29, 60]),
        ("wider", [9, 20, 31, 60]),
        ("shorter", [10, 22, 30, 58]),
        ("taller", [10, 18, 30, 62]),
        ("stop", [10, 20, 30, 60]),
    ],
)
def test_an_action_moves_or_resizes_by_a_tenth_of_the_box(action: str, expected: list[float]) -> None:
    assert moved(BOX, torch.tensor([ACTIONS.index(action)]), 0.1)[0].tolist() == pytest.approx(expected)


def test_places_of_the_box_have_their_middle_in_it_and_one_at_least() -> None:
    windows = torch.tensor([[0.0, 0.0, 70.0, 70.0]]).repeat(2, 1)
    boxes = torch.tensor([[10.0, 20.0, 30.0, 60.0], [41.0, 1.0, 43.0, 3.0]])  # places are 10 apart, from 5 on
    inside = places_inside(boxes, windows, 7).reshape(2, 7, 7)
    expected = torch.zeros(2, 7, 7, dtype=torch.bool)
    expected[0, 2:6, 1:3] = True
    expected[1, 0, 4] = True  # no middle of a place lies in it: the nearest one
    assert torch.equal(inside, expected)


def test_agents_that_have_stopped_stay_while_others_go_on() -> None:
    torch.manual_seed(0)
    agents = BoxRefinement(4, RefinementRecipe(hidden=8, most_steps=6), grid=3)
    boxes = BOX.repeat(40, 1)
    windows = widened(boxes, 1.5)
    with torch.inference_mode():
        told = agents(torch.randn(40, 4, 3, 3), boxes, windows, explore=True)
    assert told.boxes.shape == (7, 40, 4)
    assert 0 < told.stopped.sum() < 40
    for n in range(40):
        last = int(told.taken[:, n].sum())
        assert torch.equal(told.boxes[last:, n], told.boxes[last, n].expand(7 - last, 4))
        assert last == 6 or told.actions[last - 1, n] == STOP


def test_each_box_is_refined_as_if_it_were_alone() -> None:
    torch.manual_seed(0)
    agents = BoxRefinement(4, RefinementRecipe(hidden=8, most_steps=4), grid=3)
    boxes = BOX + torch.arange(5)[:, None]
    seen = torch.randn(5, 4, 3, 3)
    with torch.inference_mode():
        together = agents(seen, boxes, widened(boxes, 1.5)).boxes[-1]
        alone = [agents(seen[i : i + 1], boxes[i : i + 1], widened(boxes[i : i + 1], 1.5)).boxes[-1] for i in range(5)]
    torch.testing.assert_close(together, torch.cat(alone))
