"""How agents that move boxes learn: what a step earns, and what actor and critic lose.

Wang et al. 2021 (BMC Bioinformatics 22:94), Table 2: advantage actor-critic with an entropy term (Mnih et al. 2016,
https://arxiv.org/abs/1602.01783), the reward being the gain in IoU with the cell.
"""

import torch
from torch import Tensor
from torch.nn import functional

from napari_hemalens.models.attention.box_refinement import STOP, Episode, moved


def matched_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return the IoU of boxes (..., 4) with their partners (..., 4): (...)."""
    overlap = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(dim=-1)
    areas = (a[..., 2:] - a[..., :2]).prod(dim=-1) + (b[..., 2:] - b[..., :2]).prod(dim=-1)
    return overlap / (areas - overlap).clamp(min=1e-6)


def gains(boxes: Tensor, truth: Tensor, step: float) -> Tensor:
    """Return what each action would earn each box (N, 4) in IoU with its truth (N, 4): (N, 9), 0 for stop."""
    after = torch.stack([moved(boxes, torch.full_like(boxes[:, 0], a, dtype=torch.long), step) for a in range(STOP)])
    gained = (matched_iou(after, truth.expand_as(after)) - matched_iou(boxes, truth)).T
    return torch.cat([gained, torch.zeros_like(gained[:, :1])], dim=1)


def best_actions(boxes: Tensor, truth: Tensor, step: float) -> Tensor:
    """Return the action (N,) that brings each box nearest to its truth; stop, where none gains."""
    gained = gains(boxes, truth, step)
    gained[:, STOP] += 1e-4  # a gain that rounding makes is none
    return gained.argmax(dim=1)


def rewards(episode: Episode, truth: Tensor, *, stop_iou: float, stop_bonus: float) -> Tensor:
    """Return what each step earned: (T, N), its gain in IoU with the matched truth (N, 4).

    Stopping at an IoU of at least `stop_iou` earns `stop_bonus` more.
    """
    iou = matched_iou(episode.boxes, truth.expand_as(episode.boxes))
    good_stop = (episode.actions == STOP) & (iou[1:] >= stop_iou)
    earned = iou[1:] - iou[:-1] + stop_bonus * good_stop
    return earned * episode.taken


def discounted(earned: Tensor, taken: Tensor, end: Tensor, discount: float) -> Tensor:
    """Return the return G of each step (T, N): R_t + discount * G of the next (Table 2 of Wang et al.).

    Parameters
    ----------
    earned : (T, N)
        Rewards.
    taken : (T, N) bool
        Steps that were taken.
    end : (N,)
        G after the last step: 0 where the agent stopped, else what the critic expects.
    discount : float
        Gamma.
    """
    g, found = end, []
    for reward, step in zip(earned.flip(0), taken.flip(0), strict=True):
        g = torch.where(step, reward + discount * g, g)
        found.append(g)
    return torch.stack(found[::-1])


def actor_critic_losses(episode: Episode, earned: Tensor, *, discount: float, entropy: float) -> tuple[Tensor, Tensor]:
    """Return the losses of the actor, less `entropy` times its entropy, and of the critic: means over steps taken.

    The actor's gradient is that of log pi(a|s) (G - V(s)), the critic's that of (G - V(s))^2, as in Table 2.
    """
    end = torch.where(episode.stopped, torch.zeros_like(episode.values[-1]), episode.values[-1]).detach()
    g = discounted(earned, episode.taken, end, discount)
    log_policy = episode.logits.log_softmax(dim=-1)
    log_taken = log_policy.gather(-1, episode.actions[..., None])[..., 0]
    uncertain = -(log_policy.exp() * log_policy).sum(dim=-1)
    taken, values = episode.taken, episode.values[:-1]
    advantage = (g - values).detach()
    count = taken.sum().clamp(min=1)
    actor = -(log_taken * advantage + entropy * uncertain)
    return (actor * taken).sum() / count, ((g - values).square() * taken).sum() / count


def imitation_loss(episode: Episode, truth: Tensor, step: float) -> Tensor:
    """Return how far the policy is from the best single action of each step: a mean cross-entropy, for a warm start."""
    flat = episode.boxes[:-1].flatten(0, 1)
    best = best_actions(flat, truth.repeat(len(episode.actions), 1), step)
    loss = functional.cross_entropy(episode.logits.flatten(0, 1), best, reduction="none")
    taken = episode.taken.flatten()
    return (loss * taken).sum() / taken.sum().clamp(min=1)


def foresight_loss(episode: Episode, truth: Tensor, step: float, gain: float) -> Tensor:
    """Return how far the logits are from what each action would earn: a mean square over steps taken and actions.

    Logits that are gains, `gain` times those in IoU, make the likeliest action the best one to expect, and stop where
    none is expected to gain. A reward teaches the same, but by actions that were drawn, and no longer anything once a
    policy is sure; imitation teaches which action is most often the best, though it may lose more than it gains.
    """
    flat = episode.boxes[:-1].flatten(0, 1)
    gained = gain * gains(flat, truth.repeat(len(episode.actions), 1), step)
    away = (episode.logits.flatten(0, 1) - gained).square().mean(dim=1)
    taken = episode.taken.flatten()
    return (away * taken).sum() / taken.sum().clamp(min=1)
