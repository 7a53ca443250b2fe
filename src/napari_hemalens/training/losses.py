"""Losses of classifiers."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

from napari_hemalens.errors import TrainingError

_LEAST = 1e-6  # of 1 - p: for gamma between 0 and 1 the gradient at p = 1 would be infinite


def focal_loss(logits: Tensor, targets: Tensor, *, gamma: float = 2.0, alpha: Tensor | None = None) -> Tensor:
    """Return the focal loss: cross-entropy in which cells that are already recognised weigh less.

    Lin et al., ICCV 2017, https://arxiv.org/abs/1708.02002; Wei et al. 2022, equation 8, of which this is the form for
    any number of classes: with two, -y (1-p)^gamma log(p) - (1-y) p^gamma log(1-p).

    Parameters
    ----------
    logits : (N, C) float
        Scores of C classes, before the softmax.
    targets : (N,) int64
        The right class of each cell, in 0 to C - 1.
    gamma : float
        Focusing exponent; at 0 this is cross-entropy. 2 in both papers.
    alpha : (C,) float, optional
        Weight of each class; without it, all count alike.

    Returns
    -------
    scalar
        Mean over the N cells, also with `alpha`.
    """
    log_p = functional.log_softmax(logits, dim=1).gather(1, targets[:, None])[:, 0]  # (N,), of the right class
    # (8) (1 - p)^gamma; expm1, since 1 - p is lost to rounding where p is near 1
    missing = torch.expm1(log_p).neg().clamp(min=_LEAST)
    losses = -(missing**gamma) * log_p
    if alpha is not None:
        losses = alpha.to(losses)[targets] * losses
    return losses.mean()


def partial_label_loss(logits: Tensor, admissible: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Return the cross-entropy of cells that may be of several classes: -log of the sum of their probabilities.

    Jin and Ghahramani 2002, Learning with multiple labels (NIPS 15); with one admissible class it is cross-entropy.

    Parameters
    ----------
    logits : (N, C) float
        Before the softmax.
    admissible : (N, C) bool
        The classes that each cell may be of; at least one.
    smoothing : float
        Share of the loss that is the cross-entropy with all classes alike (label smoothing, Szegedy et al. 2016,
        https://arxiv.org/abs/1512.00567).

    Returns
    -------
    scalar
        Mean over the N cells.
    """
    log_p = functional.log_softmax(logits, dim=1)
    right = log_p.masked_fill(~admissible, -torch.inf).logsumexp(dim=1)
    return -(1 - smoothing) * right.mean() - smoothing * log_p.mean()


def ranking_loss(predicted: Tensor, losses: Tensor, *, margin: float = 1.0) -> Tensor:
    """Return how badly predicted losses rank cells: max(0, margin - sign(l_i - l_j) (p_i - p_j)), over pairs.

    Yoo and Kweon 2019, equation 2. The pairs are (i, B-1-i): the first cell of a batch and the last, and so on inwards.

    Parameters
    ----------
    predicted : (B,) float
        p, by a LossNet.
    losses : (B,) float
        l, the true loss of each cell; no gradient reaches it.
    margin : float
        By how much predictions of a pair have to differ.

    Returns
    -------
    scalar
        Mean over the B / 2 pairs.

    Raises
    ------
    TrainingError
        If B is odd: a cell would be left without another.
    """
    cells = len(predicted)
    if cells % 2:
        raise TrainingError(
            f"A LossNet compares the cells of a batch in pairs; got a batch of {cells}: choose an even one."
        )
    half = cells // 2
    first, second = predicted[:half], predicted.flip(0)[:half]
    truth = losses.detach()
    sign = torch.sign(truth[:half] - truth.flip(0)[:half])
    return (margin - sign * (first - second)).clamp(min=0).mean()


def pointing_loss(maps: Iterable[Tensor], marks: Tensor) -> Tensor:
    """Return the cross-entropy of attention with marked places; marked and unmarked places weigh the same.

    Not in the papers, which do not supervise attention: where micronuclei are outlined, attention learns from far fewer
    cells where to look.

    Parameters
    ----------
    maps : iterable of (N, h, w) float
        Attention in 0-1, of any height and width.
    marks : (N, H, W) float
        1 where the network shall look, else 0; an image may have none.

    Returns
    -------
    scalar
        Mean over the maps.
    """
    losses = []
    for attention in maps:
        marked = functional.adaptive_max_pool2d(marks[:, None], attention.shape[-2:])[:, 0] > 0
        right = torch.where(marked, attention.float(), 1 - attention.float()).clamp(min=_LEAST)
        weights = torch.where(marked, 1 / marked.sum().clamp(min=1), 1 / (~marked).sum().clamp(min=1)) / 2
        losses.append(-(weights * right.log()).sum())
    return torch.stack(losses).mean()
