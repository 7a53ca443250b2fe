import pytest
import torch
from torch import Tensor
from torchvision.ops import MultiScaleRoIAlign

from napari_hemalens.models.roi_align import RowsRoIAlign

SIDE = 1024  # so that the largest boxes are pooled from the coarsest level
LEVELS = ("0", "1", "2")


def features(images: int) -> dict[str, Tensor]:
    """Return three levels of a pyramid, and one that is not pooled from."""
    generator = torch.Generator().manual_seed(0)
    sides = {"0": 128, "1": 64, "2": 32, "pool": 16}
    return {name: torch.randn(images, 8, side, side, generator=generator) for name, side in sides.items()}


def regions(number: int) -> Tensor:
    """Return boxes of all sizes, among them one of no size, one that fills the image and some that leave it."""
    generator = torch.Generator().manual_seed(1)
    centres = torch.rand(number, 2, generator=generator) * SIDE
    halves = torch.rand(number, 2, generator=generator) ** 3 * SIDE
    odd = torch.tensor([[50.0, 50.0, 50.0, 50.0], [0.0, 0.0, SIDE - 1.0, SIDE - 1.0], [-60.0, 90.0, 30.0, 190.0]])
    return torch.cat([torch.cat([centres - halves, centres + halves], dim=1), odd])


@pytest.mark.parametrize("levels", [LEVELS, LEVELS[:1]])
@torch.inference_mode()
def test_regions_are_pooled_as_torchvision_pools_them(levels: tuple[str, ...]) -> None:
    boxes, sizes = [regions(200), regions(0), regions(31)], [(SIDE, SIDE)] * 3
    wanted = MultiScaleRoIAlign(list(levels), 7, 2)(features(3), boxes, sizes)
    pooled = RowsRoIAlign(list(levels), 7, 2)(features(3), boxes, sizes)
    assert wanted.abs().max() > 1
    torch.testing.assert_close(pooled, wanted, rtol=0, atol=1e-4)


@torch.inference_mode()
def test_no_regions_are_pooled_to_none() -> None:
    none = RowsRoIAlign(list(LEVELS), 7, 2)(features(1), [torch.zeros(0, 4)], [(SIDE, SIDE)])
    assert none.shape == (0, 8, 7, 7)


@torch.inference_mode()
def test_an_image_padded_to_several_times_its_size_spoils_no_later_one() -> None:
    pool, sides = RowsRoIAlign(list(LEVELS), 7, 2), {"0": 4, "1": 2, "2": 1}
    pool({name: torch.ones(1, 8, side, side) for name, side in sides.items()}, [regions(1)], [(12, 20)])
    wanted = RowsRoIAlign(list(LEVELS), 7, 2)(features(1), [regions(50)], [(SIDE, SIDE)])
    torch.testing.assert_close(pool(features(1), [regions(50)], [(SIDE, SIDE)]), wanted)
    assert pool.scales == [1 / 8, 1 / 16, 1 / 32]


def test_where_gradients_are_wanted_they_run_back_to_the_features() -> None:
    levels = {name: level.requires_grad_() for name, level in features(1).items()}
    RowsRoIAlign(list(LEVELS), 7, 2)(levels, [regions(50)], [(SIDE, SIDE)]).sum().backward()
    assert all(levels[name].grad.abs().sum() > 0 for name in LEVELS)
    assert levels["pool"].grad is None
