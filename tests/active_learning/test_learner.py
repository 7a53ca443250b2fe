"""What a round learns by, and what it makes of cells."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_hemalens.active_learning.cells import PoolCells
from napari_hemalens.active_learning.learner import RoundLearner, look_at
from napari_hemalens.config.active_learning import RoundsRecipe
from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.loss_prediction import LossPredictingClassifier
from napari_hemalens.models.preprocess import normalised

RECIPE = RoundsRecipe(steps=10, loss_net=True)
TARGETS = [{"labels": torch.tensor([k])} for k in (0, 1, 1, 0)]


def network() -> LossPredictingClassifier:
    torch.manual_seed(0)
    return LossPredictingClassifier(build_classifier(ClassifierRecipe(network="resnet18", input_size=32), 2))


def images(cells: int = 4) -> Tensor:
    return torch.randn(cells, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def first_gradient(learner: RoundLearner) -> float:
    first: nn.Conv2d = learner.network.network.stages[0][0]
    learner.zero_grad()
    learner(images(), TARGETS)["loss_rank"].backward()
    return 0.0 if first.weight.grad is None else float(first.weight.grad.abs().sum())


def test_the_losses_are_cross_entropy_and_the_ranking_by_it() -> None:
    both = network().eval()
    with torch.no_grad():
        found = RoundLearner(both, RECIPE)(images(), TARGETS)
        said = both.predict(images())
        each = functional.cross_entropy(said.logits, torch.tensor([0, 1, 1, 0]), reduction="none").tolist()
    p = said.losses.tolist()
    pairs = [max(0, 1 - np.sign(each[i] - each[3 - i]) * (p[i] - p[3 - i])) for i in (0, 1)]
    assert float(found["loss_class"]) == pytest.approx(sum(each) / 4, rel=1e-5)
    assert float(found["loss_rank"]) == pytest.approx(sum(pairs) / 2, rel=1e-5)


def test_ranking_teaches_the_backbone_until_the_detaching_step() -> None:
    learner = RoundLearner(network(), RECIPE)
    assert [first_gradient(learner) > 0 for _ in range(10)] == [True] * 6 + [False] * 4


def test_a_checkpoint_knows_the_step() -> None:
    learner = RoundLearner(network(), RECIPE)
    for _ in range(7):
        learner(images(), TARGETS)
    resumed = RoundLearner(network(), RECIPE)
    resumed.load_state_dict(learner.state_dict())
    assert first_gradient(resumed) == 0


def test_an_odd_batch_is_refused() -> None:
    with pytest.raises(TrainingError, match="got a batch of 3"):
        RoundLearner(network(), RECIPE)(images(3), TARGETS[:3])


def test_without_a_loss_net_there_is_cross_entropy_alone() -> None:
    assert set(RoundLearner(network().network, RoundsRecipe())(images(), TARGETS)) == {"loss_class"}


def test_looking_is_in_evaluation_and_leaves_training_as_it_was(cells: PoolCells) -> None:
    both, rows = network().train(), np.array([7, 2, 30])
    looked = look_at(both, cells, rows, 32)
    assert both.training
    both.eval()
    with torch.inference_mode():
        said = both.predict(normalised(cells.as_seen(rows, 32)))
    np.testing.assert_allclose(looked.probabilities, said.logits.softmax(dim=1), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(looked.embeddings, said.embeddings, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(looked.losses, said.losses, rtol=1e-4, atol=1e-5)
    assert looked.embeddings.shape == (3, 512)


def test_a_network_without_a_loss_net_predicts_no_losses(cells: PoolCells) -> None:
    looked = look_at(network().network, cells, np.arange(3), 32)
    assert looked.losses is None
    assert looked.probabilities.shape == (3, 2)
