import numpy as np
import pytest
import torch

from napari_hemalens.models.preprocess import Preprocess, resize


def test_normalised_values_are_fractions_less_the_mean_over_the_deviation() -> None:
    image = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1)
    found = Preprocess(0.15, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 0.1)).normalised(image)
    expected = [(0 - 0.1) / 0.5, (0.2 - 0.2) / 0.25, (1 - 0.3) / 0.1]
    np.testing.assert_allclose(found.flatten().numpy(), expected, atol=1e-5)


def test_an_image_of_larger_pixels_is_enlarged() -> None:
    assert Preprocess(0.15).scale(0.30) == pytest.approx(2)
    assert Preprocess(0.15).scale(0.075) == pytest.approx(0.5)


def test_resizing_to_the_same_size_changes_nothing() -> None:
    image = torch.randint(256, (1, 3, 20, 30), dtype=torch.uint8)
    assert resize(image, (20, 30)) is image


def test_shrinking_averages_instead_of_dropping_pixels() -> None:
    stripes = torch.zeros((1, 3, 40, 40), dtype=torch.uint8)
    stripes[..., ::2] = 200
    small = resize(stripes, (10, 10)).float()
    assert small[..., 2:-2].sub(100).abs().max() < 8
