"""Empty glass is white whatever the lamp, and what lies on it keeps its contrast."""

import pytest
import torch
from torch import Tensor

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.white_ground import RANGE, WhiteGround


@pytest.fixture
def crop() -> Tensor:
    """A cell on glass, of full scale 0-1: (1, 3, 64, 64)."""
    image = torch.full((1, 3, 64, 64), 0.8)
    image[:, :, 16:48, 16:48] = torch.tensor([0.4, 0.2, 0.5])[:, None, None]
    return image


def adapted(image: Tensor) -> Tensor:
    """What the block makes of an image in 0-1."""
    return (WhiteGround()(image * 2 * RANGE - RANGE) + RANGE) / (2 * RANGE)


def test_glass_becomes_white_and_the_cell_keeps_its_share_of_the_light(crop: Tensor) -> None:
    seen = adapted(crop)
    torch.testing.assert_close(seen[0, :, 0, 0], torch.full((3,), 0.9))
    torch.testing.assert_close(seen[0, :, 32, 32], 0.9 / 0.8 * torch.tensor([0.4, 0.2, 0.5]))


@pytest.mark.parametrize("lamp", [(0.9, 0.9, 0.9), (1.0, 0.8, 0.5), (0.3, 0.3, 0.3)])
def test_lamp_filter_and_exposure_make_no_difference(crop: Tensor, lamp: tuple[float, float, float]) -> None:
    lit = crop * torch.tensor(lamp)[:, None, None]
    torch.testing.assert_close(adapted(lit), adapted(crop))


def test_each_crop_is_adapted_by_itself(crop: Tensor) -> None:
    both = torch.cat([crop, 0.5 * crop])
    torch.testing.assert_close(adapted(both)[1:], adapted(0.5 * crop))


def test_a_crop_without_glass_is_not_lit_up_without_bounds() -> None:
    dark = torch.full((1, 3, 64, 64), 0.02)
    assert float(adapted(dark).max()) == pytest.approx(0.02 / 0.15 * 0.9, rel=1e-3)


def test_a_network_behind_it_does_not_see_the_lamp(crop: Tensor) -> None:
    torch.manual_seed(0)
    network = build_classifier(ClassifierRecipe(network="efficientnet_lite0", white_ground=True), 3).eval()
    dim = crop * torch.tensor([0.9, 0.8, 0.7])[:, None, None]
    with torch.inference_mode():
        one, other = (network.name_and_embed(image * 2 * RANGE - RANGE) for image in (crop, dim))
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_channels_that_are_no_colours_have_no_white_ground() -> None:
    with pytest.raises(RecipeError, match="Option 'white_ground' is of red, green and blue; got 5 channels"):
        build_classifier(ClassifierRecipe(white_ground=True, input_channels=5), 3)
