"""How agents that move boxes learn (Wang et al. 2021, Table 2), against episodes worked by hand."""

import math

import numpy as np
import pytest
import torch

from napari_hemalens.config.networks import RefinementRecipe
from napari_hemalens.models.attention.actor_critic import (
    actor_critic_losses,
    best_actions,
    discounted,
    foresight_loss,
    imitation_loss,
    matched_iou,
    rewards,
)
from napari_hemalens.models.attention.box_refinement import ACTIONS, STOP, BoxRefinement, Episode, moved, widened

BOX = torch.tensor([[10.0, 20.0, 30.0, 60.0]])  # 20 wide, 40 high


def test_the_iou_of_partners_is_overlap_over_union() -> None:
    a = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 0.0, 0.0]])
    b = torch.tensor([[5.0, 0.0, 15.0, 10.0], [20.0, 20.0, 30.0, 30.0], [0.0, 0.0, 0.0, 0.0]])
    assert matched_iou(a, b).tolist() == pytest.approx([50 / 150, 0, 0])


def test_the_best_action_leads_to_the_truth_and_stops_there() -> None:
    truth = BOX.repeat(3, 1)
    boxes = torch.stack([moved(BOX, torch.tensor([ACTIONS.index(a)]), 0.1)[0] for a in ("right", "shorter", "stop")])
    assert [ACTIONS[i] for i in best_actions(boxes, truth, 0.1)] == ["left", "taller", "stop"]


def episode(actions: list[list[str]], values: list[list[float]], logits: torch.Tensor | None = None) -> Episode:
    """An episode from BOX by named actions, an agent a column; what comes after a stop is not taken."""
    chosen = torch.tensor([[ACTIONS.index(name) for name in row] for row in actions])
    steps, agents = chosen.shape
    going, path, taken = torch.ones(agents, dtype=torch.bool), [BOX.repeat(agents, 1)], []
    for action in chosen:
        taken.append(going)
        path.append(torch.where(going[:, None], moved(path[-1], action, 0.1), path[-1]))
        going = going & (action != STOP)
    return Episode(
        boxes=torch.stack(path),
        actions=chosen,
        taken=torch.stack(taken),
        logits=torch.zeros(steps, agents, len(ACTIONS)) if logits is None else logits,
        values=torch.tensor(values),
        attention=torch.full((steps, agents, 4), 0.25),
    )


def test_a_step_earns_its_gain_in_iou_and_a_good_stop_a_bonus() -> None:
    truth = moved(BOX, torch.tensor([ACTIONS.index("right")]), 0.1).repeat(2, 1)
    told = episode([["right", "left"], ["stop", "stop"], ["up", "up"]], [[0, 0]] * 4)
    # 20 wide: shifted by 2, the IoU is 18 / 22; by 4, 16 / 24.
    expected = [[1 - 18 / 22, 16 / 24 - 18 / 22], [0.05, 0], [0, 0]]
    np.testing.assert_allclose(rewards(told, truth, stop_iou=0.9, stop_bonus=0.05), expected, atol=1e-6)
    assert told.stopped.tolist() == [True, True]


def test_a_return_is_the_reward_and_the_discounted_return_of_the_next() -> None:
    """Table 2: R <- r_i + gamma R, from 0 after a stop, from the critic's value otherwise."""
    earned = torch.tensor([[0.2, 0.1], [0.4, 0.0], [0.0, -0.3]])
    taken = torch.tensor([[True, True], [True, True], [False, True]])
    found = discounted(earned, taken, torch.tensor([0.0, 0.5]), 0.9)
    last = -0.3 + 0.9 * 0.5
    expected = [[0.2 + 0.9 * 0.4, 0.1 + 0.9 * 0.9 * last], [0.4, 0.9 * last], [0.0, last]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_losses_are_those_of_an_episode_worked_by_hand() -> None:
    """Two agents, three steps: one stops at the second, one is ended and bootstraps from the critic."""
    torch.manual_seed(1)
    logits, values = torch.randn(3, 2, 9), [[0.3, 0.1], [0.2, -0.2], [9.0, 0.4], [7.0, 0.6]]
    told = episode([["left", "up"], ["stop", "wider"], ["left", "right"]], values, logits)
    earned = torch.tensor([[0.5, -0.1], [0.25, 0.2], [0.0, 0.3]])
    actor, critic = actor_critic_losses(told, earned, discount=0.5, entropy=0.1)

    policy = [[[math.exp(x) / sum(math.exp(y) for y in row) for x in row] for row in step] for step in logits.tolist()]
    second = [0.3 + 0.5 * 0.6, 0.0, 0.0]
    second[1] = 0.2 + 0.5 * second[0]
    second[2] = -0.1 + 0.5 * second[1]
    returns = {(1, 0): 0.25, (0, 0): 0.5 + 0.5 * 0.25, (2, 1): second[0], (1, 1): second[1], (0, 1): second[2]}
    expected_actor = expected_critic = 0.0
    for (t, n), g in returns.items():
        p = policy[t][n]
        advantage = g - values[t][n]
        entropy = -sum(x * math.log(x) for x in p)
        expected_actor -= (math.log(p[int(told.actions[t, n])]) * advantage + 0.1 * entropy) / len(returns)
        expected_critic += advantage**2 / len(returns)
    assert actor.item() == pytest.approx(expected_actor, rel=1e-5)
    assert critic.item() == pytest.approx(expected_critic, rel=1e-5)


def test_imitation_is_the_cross_entropy_with_the_best_action_of_a_step() -> None:
    torch.manual_seed(2)
    logits = torch.randn(2, 1, 9)
    told = episode([["right"], ["stop"]], [[0.0]] * 3, logits)
    truth = moved(BOX, torch.tensor([ACTIONS.index("right")]), 0.1)
    log_policy = logits.log_softmax(dim=-1)
    expected = -(log_policy[0, 0, ACTIONS.index("right")] + log_policy[1, 0, STOP]) / 2
    assert imitation_loss(told, truth, 0.1).item() == pytest.approx(expected.item(), rel=1e-5)


def test_agents_learn_to_bring_boxes_to_what_they_see() -> None:
    """A bright square in a dark window, boxes a step or two beside it: after learning, they overlap it better."""
    torch.manual_seed(0)
    agents = BoxRefinement(1, RefinementRecipe(hidden=32, step=0.1, most_steps=5), grid=7)
    optimizer = torch.optim.Adam(agents.parameters(), lr=3e-3)

    def scene(n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        truth = torch.tensor([[20.0, 20.0, 40.0, 40.0]]).repeat(n, 1)
        boxes = truth + (torch.randint(-2, 3, (n, 2)) * 2.0).repeat(1, 2)
        windows = widened(boxes, 2)
        at = (torch.arange(7) + 0.5) / 7 * 40
        lit = [
            (windows[:, i, None] + at > truth[:, i, None]) & (windows[:, i, None] + at < truth[:, i + 2, None])
            for i in (0, 1)
        ]
        return (lit[1][:, None, :, None] & lit[0][:, None, None, :]).float(), boxes, truth

    for _ in range(300):
        seen, boxes, truth = scene(64)
        told = agents(seen, boxes, widened(boxes, 2), explore=True)
        earned = 10 * rewards(told, truth, stop_iou=0.9, stop_bonus=0.05)
        actor, critic = actor_critic_losses(told, earned, discount=0.95, entropy=0.01)
        optimizer.zero_grad()
        (actor + 0.5 * critic + imitation_loss(told, truth, 0.1)).backward()
        optimizer.step()
    seen, boxes, truth = scene(200)
    with torch.inference_mode():
        ends = agents(seen, boxes, widened(boxes, 2)).boxes[-1]
    assert matched_iou(ends, truth).mean() > matched_iou(boxes, truth).mean() + 0.1


def test_foresight_is_how_far_logits_are_from_the_gain_of_each_action() -> None:
    torch.manual_seed(3)
    logits = torch.randn(2, 1, 9)
    told = episode([["right"], ["stop"]], [[0.0]] * 3, logits)
    truth = moved(BOX, torch.tensor([ACTIONS.index("right")]), 0.1)
    expected = 0.0
    for t in range(2):
        box = told.boxes[t]
        for action in range(9):
            after = moved(box, torch.tensor([action]), 0.1) if action != STOP else box
            gain = (matched_iou(after, truth) - matched_iou(box, truth)).item()
            expected += (logits[t, 0, action].item() - 10 * gain) ** 2 / (2 * 9)
    assert foresight_loss(told, truth, 0.1, 10).item() == pytest.approx(expected, rel=1e-4)
