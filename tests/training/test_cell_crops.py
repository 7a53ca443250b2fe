"""Training crops are the same for a draw, balanced by class, and augmented with their masks and marks."""

import math
from pathlib import Path

import pytest
import torch

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.formats.named_cells import read
from napari_hemalens.records.tasks import task
from napari_hemalens.training.augment import seeded
from napari_hemalens.training.cell_crops import CellCrops, turn_crop

TASK = task("micronucleus")
RECIPE = ClassifierTraining(
    network=ClassifierRecipe(network="resnet18"),
    crop=CropRecipe(side=64, width=2.5, light="fluorescence", neighbours="masks"),
)


def test_every_class_is_drawn_as_often_as_any_other(micronuclei: Path) -> None:
    fields = [rare(field) for field in read(micronuclei, split="train")]
    cells = CellCrops(fields, TASK.classes, RECIPE)
    drawn = [int(cells[(i, i)][1]["labels"]) for i in range(40)]
    assert drawn.count(0) == drawn.count(1) == 20
    as_they_are = CellCrops(fields, TASK.classes, RECIPE.model_copy(update={"balance": False}))
    assert [int(as_they_are[(i, 0)][1]["labels"]) for i in range(len(cells))] == cells.labels.tolist()


def rare(field):
    """Leave one micronucleus in a field."""
    keep = (field.class_names == "none") | (field.ids == 1)
    return type(field)(field.image, field.labels, field.ids[keep], field.class_names[keep], field.groups[keep])


def test_a_draw_gives_the_same_crop_again_and_another_seed_another(micronuclei: Path) -> None:
    cells = CellCrops(read(micronuclei, split="val"), TASK.classes, RECIPE.model_copy(update={"balance": False}))
    first, again, other = (cells[(3, seed)][0] for seed in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (3, 64, 64)
    assert first.dtype == torch.uint8


def test_masks_turn_with_the_image_and_are_not_relit(micronuclei: Path) -> None:
    cells = CellCrops(read(micronuclei, split="val"), TASK.classes, RECIPE)
    for draw in range(6):
        grey, own, _ = cells[(draw, draw)][0].float()
        assert own.max() == 255
        assert grey[own == 255].mean() > 2 * grey[own == 0].mean()


def test_marks_turn_with_the_image_and_are_those_of_the_cell_itself(micronuclei: Path) -> None:
    recipe = RECIPE.model_copy(update={"point": 1.0, "balance": False})
    cells = CellCrops(read(micronuclei, split="val"), TASK.classes, recipe)
    for index in range(12):
        image, target = cells[(index, index)]
        assert image.shape == (3, 64, 64)
        assert target["marks"].any() == (TASK.classes[int(target["labels"])] == "micronucleus")
        grey, own, _ = image.float()
        if target["marks"].any():
            assert grey[target["marks"] & (own == 0)].mean() > 1.5 * grey[~target["marks"] & (own == 0)].mean()


def test_a_class_without_cells_is_refused(micronuclei: Path) -> None:
    fields = read(micronuclei, split="train")
    with pytest.raises(TrainingError, match="No cell of the class blast"):
        CellCrops(fields, ("micronucleus", "none", "blast"), RECIPE)
    with pytest.raises(TrainingError, match="known: none"):
        CellCrops(fields, ("none",), RECIPE)


def drawn(turn: float) -> list[torch.Tensor]:
    """Crops of an image that is bright right above its middle, turned by so many degrees at most."""
    image = torch.zeros(1, 96, 96)
    image[:, 28:44, 52:68] = 1
    recipe = RECIPE.model_copy(update={"turn": turn, "zoom": 1.0, "shift": 0.0})
    crops = []
    for seed in range(40):
        with seeded(seed):
            crops.append(turn_crop(image, recipe))
    return crops


def test_a_cell_that_is_not_turned_is_still_flipped_either_way() -> None:
    corners = {tuple(int(crop[0, y, x] > 0.5) for y in (20, 44) for x in (20, 44)) for crop in drawn(0)}
    assert corners == {(0, 0, 0, 1), (0, 0, 1, 0), (0, 1, 0, 0), (1, 0, 0, 0)}


def test_a_cell_is_turned_by_no_more_than_the_recipe_says() -> None:
    def angles(crops: list[torch.Tensor]) -> torch.Tensor:
        """How far from the diagonals the bright square lies, in degrees."""
        y, x = torch.meshgrid(torch.arange(64) - 31.5, torch.arange(64) - 31.5, indexing="ij")
        places = [((crop[0] * y).sum(), (crop[0] * x).sum()) for crop in crops]
        return torch.tensor([abs(math.degrees(math.atan2(abs(dy), abs(dx))) - 45) for dy, dx in places])

    assert angles(drawn(15)).max() == pytest.approx(15, abs=1.5)
    assert angles(drawn(180)).max() > 40
