"""How far a cell lies from those that a classifier learned from."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from napari_hemalens.models.novelty import PREFIX, Novelty


@pytest.fixture
def cells() -> tuple[Tensor, Tensor]:
    """Three classes of 60 cells in 16 directions, each around a place of its own."""
    torch.manual_seed(0)
    labels = torch.arange(180) % 3
    return 5 * torch.eye(16)[labels] + 0.4 * torch.randn(180, 16), labels


@pytest.fixture
def novelty(cells: tuple[Tensor, Tensor]) -> Novelty:
    return Novelty.fit(*cells)


def test_a_cell_unlike_all_classes_lies_far(novelty: Novelty, cells: tuple[Tensor, Tensor]) -> None:
    embeddings, labels = cells
    outlier = 5 * torch.eye(16)[7:8]
    between = embeddings[labels == 0][:1] + embeddings[labels == 1][:1]
    trained = novelty.distance(embeddings)
    assert novelty.distance(outlier) > 2 * trained.max()
    assert novelty.distance(between) > trained.quantile(0.99)


def test_it_is_mahalanobis_distance_to_the_nearest_class_written_out(cells: tuple[Tensor, Tensor]) -> None:
    embeddings, labels = cells
    unit = functional.normalize(embeddings.double(), dim=1)
    means = torch.stack([unit[labels == k].mean(dim=0) for k in range(3)])
    within = unit - means[labels]
    covariance = within.T @ within / len(unit)
    covariance += 0.05 * covariance.trace() / 16 * torch.eye(16, dtype=torch.float64)
    precision = torch.linalg.inv(covariance)
    off = unit[:, None] - means[None]  # (N, K, D)
    squared = torch.einsum("nkd,de,nke->nk", off, precision, off)
    expected = squared.amin(dim=1).sqrt().float()
    torch.testing.assert_close(Novelty.fit(embeddings, labels).distance(embeddings), expected, rtol=2e-3, atol=1e-3)


def test_how_bright_an_embedding_is_does_not_matter(novelty: Novelty, cells: tuple[Tensor, Tensor]) -> None:
    torch.testing.assert_close(novelty.distance(3 * cells[0]), novelty.distance(cells[0]), rtol=1e-3, atol=1e-3)


def test_classes_are_those_that_have_cells_whatever_their_numbers(cells: tuple[Tensor, Tensor]) -> None:
    embeddings, labels = cells
    numbers = torch.tensor([2, 5, 11])[labels]
    torch.testing.assert_close(Novelty.fit(embeddings, numbers).means, Novelty.fit(embeddings, labels).means)


def test_the_distance_is_in_units_of_what_counts_as_far(novelty: Novelty, cells: tuple[Tensor, Tensor]) -> None:
    halved = Novelty(novelty.centre, novelty.whiten, novelty.means, far=2.0)
    torch.testing.assert_close(2 * halved.distance(cells[0]), novelty.distance(cells[0]))


def test_fewer_cells_than_directions_can_be_measured(cells: tuple[Tensor, Tensor]) -> None:
    few = Novelty.fit(torch.randn(6, 200), torch.tensor([0, 0, 0, 1, 1, 1]))
    assert few.distance(torch.randn(4, 200)).isfinite().all()


def test_it_comes_back_from_the_tensors_of_a_file(novelty: Novelty, cells: tuple[Tensor, Tensor]) -> None:
    far = Novelty(novelty.centre, novelty.whiten, novelty.means, far=7.25)
    kept = far.tensors()
    assert all(name.startswith(PREFIX) and tensor.is_contiguous() for name, tensor in kept.items())
    back = Novelty.from_tensors({"stages.0.weight": torch.zeros(1), **kept})
    assert back is not None
    torch.testing.assert_close(back.distance(cells[0]), far.distance(cells[0]), rtol=0, atol=0)
    moved = back.to(torch.device("cpu"))
    assert moved.far == 7.25
    assert Novelty.from_tensors({"stages.0.weight": torch.zeros(1)}) is None
