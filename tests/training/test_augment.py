import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.training import augment
from napari_hemalens.training.augment import (
    Glare,
    Light,
    Optics,
    Resolution,
    RightAngle,
    Stain,
    Tint,
    augmentation,
    blurred,
    seeded,
)

BOX = [30, 20, 70, 80]  # x0, y0, x1, y1


def marked() -> tuple[tv_tensors.Image, tv_tensors.BoundingBoxes]:
    """A white image with one black rectangle, and its box."""
    image = torch.full((3, 128, 128), 255, dtype=torch.uint8)
    image[:, BOX[1] : BOX[3], BOX[0] : BOX[2]] = 0
    boxes = tv_tensors.BoundingBoxes([BOX], format="XYXY", canvas_size=(128, 128), dtype=torch.float32)
    return tv_tensors.Image(image), boxes


def extent(image: Tensor) -> list[int]:
    """The box of what is dark: x0, y0, x1, y1."""
    y, x = np.nonzero(image.float().mean(dim=0).numpy() < 110)
    return [x.min(), y.min(), x.max() + 1, y.max() + 1]


def test_a_seed_of_its_own_decides_a_block_and_nothing_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cuda, "manual_seed_all")  # a GPU is left as it is
    torch.default_generator.manual_seed(1)
    after = torch.rand(4)
    torch.default_generator.manual_seed(1)
    blocks = []
    for _ in range(2):
        with seeded(7):
            blocks.append(torch.rand(4))
    torch.testing.assert_close(torch.rand(4), after)
    torch.testing.assert_close(*blocks)
    torch.testing.assert_close(blocks[0], torch.rand(4, generator=torch.Generator().manual_seed(7)))


@pytest.mark.parametrize("seed", range(16))
def test_boxes_follow_the_pixels_through_the_whole_augmentation(seed: int) -> None:
    torch.manual_seed(seed)
    image, boxes = augmentation(DetectionTraining(light=0.1, stain=0.1))(*marked())
    np.testing.assert_allclose(boxes[0].numpy(), extent(image), atol=3)


@pytest.mark.parametrize(
    "turn", [RightAngle(), v2.RandomHorizontalFlip(1), v2.RandomAffine(0, shear=(-6, 6, -6, 6), fill=255)]
)
def test_boxes_follow_the_pixels_through_each_turn(turn: v2.Transform) -> None:
    for seed in range(6):
        torch.manual_seed(seed)
        image, boxes = turn(*marked())
        np.testing.assert_allclose(boxes[0].numpy(), extent(image), atol=1.5)


def test_all_four_right_angles_come_up() -> None:
    torch.manual_seed(0)
    turned = {tuple(RightAngle()(*marked())[1][0].tolist()) for _ in range(40)}
    assert len(turned) == 4


@pytest.mark.parametrize("change", [Stain(0.0), Light(0.0), Glare(0.0), Resolution(1.0), Tint(0.0)])
def test_a_change_of_nothing_changes_nothing(change: v2.Transform) -> None:
    image = tv_tensors.Image(torch.rand(3, 16, 16) * 0.9 + 0.05)
    torch.testing.assert_close(change(image), image, atol=1e-3, rtol=0)


def test_twice_the_stain_is_the_square_of_the_transmission(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beer-Lambert: density doubles, so that transmission T becomes T^2, whatever the dyes."""
    image = torch.rand(3, 8, 8) * 0.5 + 0.4
    draws = iter([torch.full((3, 1), 2.0), torch.zeros(3, 1)])
    monkeypatch.setattr(torch.Tensor, "uniform_", lambda *_: next(draws))
    torch.testing.assert_close(Stain(1.0).change(image), image**2, atol=1e-4, rtol=0)


def test_blurring_keeps_the_mean_and_flattens_an_edge() -> None:
    image = torch.zeros(3, 40, 40)
    image[..., 20:] = 1
    soft = blurred(image, 2.0)
    assert float(soft.mean()) == pytest.approx(0.5, abs=1e-3)
    assert 0.3 < float(soft[0, 20, 19]) < 0.5


def test_glare_loses_what_is_near_white_and_no_more() -> None:
    ramp = torch.linspace(0, 1, 101).expand(3, 1, 101)
    kinds = set()
    for seed in range(20):
        torch.manual_seed(seed)
        seen = Glare(0.5).change(ramp)[0, 0]
        lost = int((seen == seen.max()).sum())
        assert 1 <= lost <= 101 - int(100 / 1.5) + 1
        kept = seen[: 101 - lost]
        assert (kept.diff() > 0).all()  # in order, and apart
        kinds.add(bool(torch.allclose(kept, ramp[0, 0, : 101 - lost], atol=1e-6)))
    assert kinds == {True, False}  # dimmed again, or left too bright


def test_a_focus_is_as_soft_as_the_recipe_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "uniform", lambda low, high: 0.0 if (low, high) == (0, 1) else high)
    edge = torch.zeros(3, 60, 60)
    edge[..., 30:] = 1
    for blur in (1.6, 4.0):
        torch.testing.assert_close(Optics(blur).change(edge), blurred(edge, blur))


@pytest.mark.parametrize("kind", [0.0, 0.9])  # bicubic, bilinear
def test_less_resolution_blurs_an_edge_and_keeps_size_and_mean(monkeypatch: pytest.MonkeyPatch, kind: float) -> None:
    monkeypatch.setattr(augment, "uniform", lambda low, high: kind if (low, high) == (0, 1) else low)
    edge = torch.zeros(3, 64, 48)
    edge[..., 24:] = 1
    steepest = []
    for least in (1.0, 0.5, 0.25):
        seen = Resolution(least).change(edge)
        assert seen.shape == edge.shape
        assert float(seen.mean()) == pytest.approx(0.5, abs=0.01)
        steepest.append(float(seen[0, 32].diff().max()))
    assert steepest[0] == pytest.approx(1)
    assert steepest[0] > 1.5 * steepest[1] > 2 * steepest[2]


def test_resolution_is_lost_down_to_the_least_share_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(augment, "uniform", lambda low, high: drawn.append((low, high)) or low)
    Resolution(0.3).change(torch.rand(3, 64, 64))
    assert drawn[0] == (0.3, 1)
    assert Resolution(0.01).change(torch.rand(3, 16, 16)).std() > 0  # never less than 8 pixels a side


def test_another_dye_changes_density_in_each_colour_and_leaves_glass_white(monkeypatch: pytest.MonkeyPatch) -> None:
    factors = torch.tensor([0.5, 1.0, 2.0])[:, None, None]
    monkeypatch.setattr(torch.Tensor, "uniform_", lambda *_: factors)
    image = torch.rand(3, 8, 8) * 0.8 + 0.1
    image[:, 0, 0] = 1
    changed = Tint(0.5).change(image)
    torch.testing.assert_close(changed.log10(), image.log10() * factors)
    assert changed[:, 0, 0].tolist() == [1, 1, 1]
