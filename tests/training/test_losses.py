import math

import pytest
import torch
from torch.nn import functional

from napari_hemalens.errors import TrainingError
from napari_hemalens.training.losses import focal_loss, partial_label_loss, pointing_loss, ranking_loss

LOGITS = torch.tensor([[2.0, -1.0], [0.3, 0.1], [-4.0, 3.0], [1.0, 1.5]], dtype=torch.float64)
TARGETS = torch.tensor([0, 1, 0, 1])


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_two_classes_give_equation_8_of_wei_et_al_written_out(gamma: float) -> None:
    total = 0.0
    for (first, second), y in zip(LOGITS.tolist(), TARGETS.tolist(), strict=True):
        p = 1 / (1 + math.exp(first - second))  # of class 1
        total += -y * (1 - p) ** gamma * math.log(p) - (1 - y) * p**gamma * math.log(1 - p)
    assert float(focal_loss(LOGITS, TARGETS, gamma=gamma)) == pytest.approx(total / 4, rel=1e-9)


def test_gamma_is_two() -> None:
    assert focal_loss(LOGITS, TARGETS) == focal_loss(LOGITS, TARGETS, gamma=2)


def test_at_gamma_zero_it_is_cross_entropy_with_the_same_gradients() -> None:
    logits = torch.randn(20, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    targets = torch.arange(20) % 5
    ours, theirs = focal_loss(logits, targets, gamma=0), functional.cross_entropy(logits, targets)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(torch.autograd.grad(ours, logits), torch.autograd.grad(theirs, logits))


def test_alpha_weights_each_cell_by_its_right_class() -> None:
    alone = [float(focal_loss(LOGITS[n : n + 1], TARGETS[n : n + 1])) for n in range(4)]
    weighted = focal_loss(LOGITS, TARGETS, alpha=torch.tensor([0.25, 0.75]))
    expected = (0.25 * alone[0] + 0.75 * alone[1] + 0.25 * alone[2] + 0.75 * alone[3]) / 4
    assert float(weighted) == pytest.approx(expected, rel=1e-9)


def test_a_cell_that_is_already_sure_counts_for_little() -> None:
    sure, unsure = torch.tensor([[4.0, 0.0]]), torch.tensor([[0.0, 0.0]])
    target = torch.tensor([0])
    by_focal = focal_loss(sure, target) / focal_loss(unsure, target)
    by_entropy = focal_loss(sure, target, gamma=0) / focal_loss(unsure, target, gamma=0)
    assert by_focal < by_entropy / 100


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("score", [-200.0, 200.0])
def test_gradients_stay_finite_however_sure_the_network_is(gamma: float, score: float) -> None:
    logits = torch.tensor([[score, 0.0]], requires_grad=True)
    loss = focal_loss(logits, torch.tensor([0]), gamma=gamma)
    loss.backward()
    assert loss.isfinite()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_attention_that_points_at_the_marks_loses_least() -> None:
    marks = torch.zeros(2, 20, 20)
    marks[0, 2:5, 3:6] = 1
    there = functional.adaptive_max_pool2d(marks[:, None], 10)[:, 0]
    level = torch.full_like(there, 0.5)
    assert float(pointing_loss([there], marks)) < 1e-4
    assert float(pointing_loss([level], marks)) == pytest.approx(math.log(2), rel=1e-5)
    assert float(pointing_loss([1 - there], marks)) > 10
    assert float(pointing_loss([there, level], marks)) == pytest.approx(math.log(2) / 2, rel=1e-3)
    assert torch.isfinite(pointing_loss([level], torch.zeros(2, 20, 20)))


ADMISSIBLE = torch.tensor([[True, False, False], [False, True, True], [True, True, True]])
THREE = torch.tensor([[1.0, 0.5, -1.0], [0.2, -0.3, 0.8], [2.0, 0.0, 1.0]], dtype=torch.float64)


def test_a_cell_of_several_classes_loses_by_the_sum_of_their_probabilities() -> None:
    total = 0.0
    for scores, allowed in zip(THREE.tolist(), ADMISSIBLE.tolist(), strict=True):
        exponentials = [math.exp(score) for score in scores]
        right = sum(e for e, ok in zip(exponentials, allowed, strict=True) if ok)
        total -= math.log(right / sum(exponentials))
    assert float(partial_label_loss(THREE, ADMISSIBLE)) == pytest.approx(total / 3, rel=1e-9)
    assert float(partial_label_loss(THREE[2:], ADMISSIBLE[2:])) == pytest.approx(0, abs=1e-9)  # of any class


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_of_one_class_each_it_is_cross_entropy_with_label_smoothing(smoothing: float) -> None:
    logits = torch.randn(20, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    targets = torch.arange(20) % 5
    ours = partial_label_loss(logits, functional.one_hot(targets, 5).bool(), smoothing=smoothing)
    theirs = functional.cross_entropy(logits, targets, label_smoothing=smoothing)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(torch.autograd.grad(ours, logits), torch.autograd.grad(theirs, logits))


def test_gradients_of_several_classes_stay_finite_however_wrong_they_are() -> None:
    logits = torch.tensor([[200.0, 0.0, -200.0]], requires_grad=True)
    loss = partial_label_loss(logits, torch.tensor([[False, True, True]]))
    loss.backward()
    assert loss.item() == pytest.approx(200)
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_predicted_losses_are_ranked_in_pairs_from_both_ends() -> None:
    predicted, losses = torch.tensor([0.2, 1.5, -0.4, 3.0]), torch.tensor([2.0, 1.0, 4.0, 2.5])
    # (0, 3): 2.0 < 2.5, sign -1: 1 + (0.2 - 3.0) < 0; (1, 2): 1.0 < 4.0, sign -1: 1 + (1.5 + 0.4) = 2.9
    assert float(ranking_loss(predicted, losses)) == pytest.approx((0 + 2.9) / 2)
    assert float(ranking_loss(predicted, losses, margin=2)) == pytest.approx((0 + 3.9) / 2)


def test_a_pair_of_equal_losses_costs_the_margin() -> None:
    assert float(ranking_loss(torch.tensor([5.0, -5.0]), torch.tensor([1.0, 1.0]))) == 1


def test_ranking_moves_predictions_and_not_what_they_predict() -> None:
    predicted, losses = torch.zeros(4, requires_grad=True), torch.arange(4.0, requires_grad=True)
    ranking_loss(predicted, losses).backward()
    assert predicted.grad.tolist() == [0.5, 0.5, -0.5, -0.5]
    assert losses.grad is None


def test_an_odd_batch_cannot_be_paired() -> None:
    with pytest.raises(TrainingError, match="in pairs; got a batch of 5: choose an even one"):
        ranking_loss(torch.zeros(5), torch.zeros(5))
