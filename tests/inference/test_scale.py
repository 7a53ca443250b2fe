import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.scale import Guess, best, estimate_pixel_size_steps, estimating_share, square
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detector_protocol import NetworkDetector
from napari_hemalens.progress import finish
from napari_hemalens.slides.axes import from_array


def red_cells(pixel_size_um: float, side: int = 700) -> NDArray[np.uint8]:
    """A field of discs of 7.2 um."""
    diameter = 7.2 / pixel_size_um
    y, x = np.mgrid[:side, :side] % (1.4 * diameter) - 0.7 * diameter
    image = np.full((side, side, 3), 230, dtype=np.uint8)
    image[np.hypot(y, x) < diameter / 2] = 60
    return image


class Choosy(torch.nn.Module):
    """Sees discs as red cells if they are about as large as a red cell is at 0.15 um a pixel: 48 px."""

    def __init__(self, finder: torch.nn.Module) -> None:
        super().__init__()
        self.finder = finder

    def forward(self, images: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        outputs = self.finder(images)
        for out in outputs:
            side = (out["boxes"][:, 2:] - out["boxes"][:, :2]).amax(dim=1)
            out["scores"] = torch.where((side > 30) & (side < 75), 0.95, 0.3)
            out["labels"] = torch.full_like(out["labels"], 2)
        return outputs  # type: ignore[no-any-return]


@pytest.mark.parametrize("size", [0.06, 0.09, 0.15, 0.22, 0.35])
def test_the_pixel_size_is_read_off_the_red_cells(finder: torch.nn.Module, card: DetectorCard, size: float) -> None:
    slide = from_array(red_cells(size))
    found = finish(estimate_pixel_size_steps(slide, NetworkDetector(Choosy(finder), card), DetectionRecipe()))
    assert found == pytest.approx(size, rel=0.1)


def test_without_red_cells_the_pixel_size_is_not_known(finder: torch.nn.Module, card: DetectorCard) -> None:
    slide = from_array(np.full((300, 300, 3), 230, dtype=np.uint8))
    assert finish(estimate_pixel_size_steps(slide, NetworkDetector(Choosy(finder), card), DetectionRecipe())) is None


def test_estimating_tells_how_far_it_is_and_of_no_cells(finder: torch.nn.Module, card: DetectorCard) -> None:
    slide = from_array(red_cells(0.15))
    steps = list(estimate_pixel_size_steps(slide, NetworkDetector(Choosy(finder), card), DetectionRecipe()))
    shares = [step.share for step in steps]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert len(steps) >= 12
    assert all("0.05 µm" in step.message for step in steps[:2])
    assert all(step.partial is None for step in steps)


def test_estimating_that_is_stopped_looks_at_nothing_more(card: DetectorCard) -> None:
    looked = []
    network = NetworkDetector(torch.nn.Identity(), card)
    network.network.register_forward_pre_hook(lambda *_: looked.append(1))
    steps = estimate_pixel_size_steps(from_array(red_cells(0.15)), network, DetectionRecipe())
    next(steps)
    steps.close()
    assert looked == []


def test_the_guess_that_most_speaks_for_wins() -> None:
    assert best([Guess(0.1, 0.2), Guess(0.2, 0.6), Guess(0.3, 0.1)]) == 0.2


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [((100, 200), 50, (25, 75, 75, 125)), ((100, 200), 150, (0, 25, 100, 175)), ((9, 9), 50, (0, 0, 9, 9))],
)
def test_the_middle_of_an_image_is_looked_at(
    shape: tuple[int, int], side: int, expected: tuple[int, int, int, int]
) -> None:
    assert square(shape, side) == expected


def test_a_place_of_an_image_is_looked_at_as_far_as_it_is_in_it() -> None:
    assert square((100, 200), 40, (0.25, 0.75)) == (5, 130, 45, 170)
    assert square((100, 200), 60, (0.25, 0.75)) == (0, 120, 60, 180)


def test_where_the_middle_is_empty_other_parts_are_looked_at(finder: torch.nn.Module, card: DetectorCard) -> None:
    pixels = red_cells(0.15, side=4000)
    pixels[900:3100] = 230
    pixels[:, 900:3100] = 230
    detector = NetworkDetector(Choosy(finder), card)
    found = finish(estimate_pixel_size_steps(from_array(pixels), detector, DetectionRecipe()))
    assert found == pytest.approx(0.15, rel=0.1)


def test_a_few_red_cells_of_one_part_are_not_taken_for_all(finder: torch.nn.Module, card: DetectorCard) -> None:
    pixels = red_cells(0.15, side=4000)
    pixels[900:3100] = 230
    pixels[:, 900:3100] = 230
    pixels[1980:2008, 1980:2008] = 60  # of half the size of all others
    detector = NetworkDetector(Choosy(finder), card)
    found = finish(estimate_pixel_size_steps(from_array(pixels), detector, DetectionRecipe()))
    assert found == pytest.approx(0.15, rel=0.15)


def test_where_there_are_enough_red_cells_one_part_will_do(finder: torch.nn.Module, card: DetectorCard) -> None:
    detector = NetworkDetector(Choosy(finder), card)
    steps = list(estimate_pixel_size_steps(from_array(red_cells(0.15, side=4000)), detector, DetectionRecipe()))
    shares = [step.share for step in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 0.5
    assert len({step.message for step in steps}) == 6


def test_estimating_the_pixel_size_takes_most_of_the_time_of_a_small_image() -> None:
    field, slide = from_array(red_cells(0.15)), from_array(np.broadcast_to(np.uint8(0), (50_000, 50_000, 3)))
    assert estimating_share(field, DetectionRecipe()) == pytest.approx(0.83, abs=0.01)
    assert estimating_share(slide, DetectionRecipe()) < 0.002
    assert estimating_share(slide, DetectionRecipe(), (0, 0, 700, 700)) == estimating_share(field, DetectionRecipe())
    assert estimating_share(field, DetectionRecipe(pixel_size_um=0.2)) == 0
    assert estimating_share(from_array(red_cells(0.15), pixel_size_um=0.15), DetectionRecipe()) == 0
