"""Every class as often as any other, from each laboratory alike; and the same draw is the same crop."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import tv_tensors

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.formats.cell_table import CellTable, read
from napari_hemalens.records.tasks import task
from napari_hemalens.training.table_crops import (
    TableCrops,
    _frequencies,
    _Group,
    admissible,
    recolouring,
    shares_drawn,
    surround,
    thinned,
    unlearned,
)

TASK = task("nucleated")
MANY = np.arange(100)
RECIPE = ClassifierTraining(crop=CropRecipe(side=32, width=20.0, unit="um"), stain=0.3, colour=0.35, resolution=0.3)


@pytest.fixture(scope="module")
def cells(cells_by_box: Path) -> CellTable:
    return read(cells_by_box / "cells.csv")


@pytest.fixture(scope="module")
def images(cells: CellTable) -> TableCrops:
    """Thirty times as many monocytes as others, nearly all of them from the north."""
    common = np.flatnonzero((cells.class_names == "monocyte") & (cells.laboratories == "north"))
    return TableCrops(cells.take(np.concatenate([np.arange(len(cells)), np.repeat(common, 30)])), TASK, RECIPE)


def drawn(images: TableCrops, draws: int = 3000) -> list[int]:
    torch.manual_seed(0)
    return [images._drawn() for _ in range(draws)]


def test_the_same_draw_is_the_same_crop_and_another_seed_another(images: TableCrops) -> None:
    first, target = images[3, 11]
    again, same = images[3, 11]
    assert (first.shape, first.dtype) == ((3, 32, 32), torch.uint8)
    assert torch.equal(first, again)
    assert torch.equal(target["admissible"], same["admissible"])
    assert not torch.equal(first, images[3, 12][0])
    assert torch.equal(first, images[0, 11][0])  # the seed alone decides


def test_drawing_a_crop_leaves_the_random_numbers_of_others_alone(images: TableCrops) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    images[0, 0]
    assert torch.equal(torch.rand(3), expected)


def test_the_names_of_a_laboratory_are_drawn_alike(images: TableCrops) -> None:
    counts = Counter(drawn(images, 8000))
    of = {(group.name, group.laboratory): sum(counts[row] for row in group.rows) for group in images.groups}
    few = [of[group.name, group.laboratory] for group in images.groups if len(group.rows) == 4]
    assert len(few) > 20
    assert max(few) < 2.5 * min(few)
    assert of["monocyte", "north"] == pytest.approx(50 / 4 * np.mean(few), rel=0.3)  # four cells are few


def test_a_laboratory_is_drawn_by_the_names_it_has(images: TableCrops) -> None:
    monocytes = [_Group("monocyte", laboratory, MANY) for laboratory in "ab"]
    even = _frequencies([_Group("blast", "a", MANY), *monocytes], TASK)
    np.testing.assert_allclose(even, [0.375, 0.375, 0.25])  # a: blasts and half of the monocytes; b: the other half
    vague = _frequencies([_Group("benign", "a", MANY), _Group("blast", "b", MANY)], TASK)
    np.testing.assert_allclose(vague, [0.7 / 1.7, 1 / 1.7])
    few = _frequencies([_Group("monocyte", "a", MANY), _Group("monocyte", "b", MANY[:5])], TASK)
    np.testing.assert_allclose(few, [1 / 1.1, 0.1 / 1.1])


def test_shares_are_those_in_which_classes_are_drawn(images: TableCrops, cells: CellTable) -> None:
    common = np.flatnonzero((cells.class_names == "monocyte") & (cells.laboratories == "north"))
    many = cells.take(np.concatenate([np.arange(len(cells)), np.repeat(common, 30)]))
    certain = images.admissible.sum(dim=1) == 1
    rows = [row for row in drawn(images, 8000) if certain[row]]
    counted = images.admissible[rows].float().mean(dim=0)
    torch.testing.assert_close(shares_drawn(many, TASK), counted, atol=0.02, rtol=0)
    assert counted[TASK.classes.index("monocyte")] < 0.6  # of the cells, nine in ten are monocytes


def test_a_crop_teaches_what_its_name_says(images: TableCrops, cells: CellTable) -> None:
    said = admissible(cells, TASK)
    count = {name: set(said[cells.class_names == name].sum(dim=1).tolist()) for name in np.unique(cells.class_names)}
    assert (count["neutrophil"], count["benign"], count["blast"]) == ({2}, {10}, {1})
    for seed in range(20):
        taught = images[0, seed][1]["admissible"]
        assert any(torch.equal(taught, row) for row in said)


def test_a_drawn_crop_shows_the_cell_that_its_target_names(images: TableCrops) -> None:
    """The disc of a class has a colour of its own, which turning keeps."""
    torch.manual_seed(3)
    rows = [images._drawn() for _ in range(30)]
    for row in rows:
        (kind,) = images.admissible[row].nonzero().T.tolist()
        k = kind[0] if len(kind) == 1 else 5
        middle = images.pixels[row][:, 24, 24].tolist()
        assert middle == pytest.approx([40 + 60 * (k % 3), 30 + 40 * (k // 3), 150], abs=12)


def test_a_class_without_cells_is_refused_unless_laboratories_are_left_out(cells: CellTable) -> None:
    without = cells.take(cells.class_names != "basophil")
    with pytest.raises(TrainingError, match="No cell of the class basophil to train on"):
        TableCrops(without, TASK, RECIPE)
    left_out = RECIPE.model_copy(update={"without": ("south",)})
    assert len(TableCrops(without, TASK, left_out)) == len(without)
    assert unlearned(admissible(without, TASK), TASK) == ("basophil",)


def test_a_class_known_only_by_a_vague_name_is_not_learned(cells: CellTable) -> None:
    east = cells.take(cells.laboratories == "east")
    assert unlearned(admissible(east, TASK), TASK) == ("band_neutrophil", "segmented_neutrophil")


def test_a_name_that_the_task_does_not_know_is_refused(cells: CellTable) -> None:
    with pytest.raises(TrainingError, match=r"Cells of the class 'band_neutrophil'; the task leukocyte knows neutro"):
        admissible(cells, task("leukocyte"))


def test_what_is_thinned_keeps_so_many_of_each_class_and_laboratory_evenly(cells: CellTable) -> None:
    many = cells.take(np.repeat(np.arange(len(cells)), 10))
    rows = thinned(many, 7)
    kept = many.take(rows)
    of_each = Counter(zip(kept.class_names.tolist(), kept.laboratories.tolist(), strict=True))
    assert set(of_each.values()) == {7}
    assert (np.diff(rows) > 0).all()
    of_one = np.flatnonzero((many.class_names == "blast") & (many.laboratories == "north"))
    steps = np.diff(np.searchsorted(of_one, rows[np.isin(rows, of_one)]))
    assert steps.max() - steps.min() <= 1
    assert len(thinned(many, 10_000)) == len(many)


def test_recolouring_changes_colours_and_keeps_the_shape_of_a_crop() -> None:
    image = tv_tensors.Image(torch.rand(3, 32, 32))
    torch.manual_seed(0)
    changed = [recolouring(RECIPE)(image) for _ in range(8)]
    assert {(tuple(one.shape), one.dtype) for one in changed} == {((3, 32, 32), torch.uint8)}
    means = torch.stack([one.float().mean(dim=(1, 2)) / 255 for one in changed])
    assert (means - image.mean(dim=(1, 2))).abs().max() > 0.02


def test_pasted_neighbours_leave_the_cell_in_the_middle_alone() -> None:
    """A crop of 30 um at 3 pixels a micrometre: a grey cell of 10 um, beside which white cells of 14 um and more."""
    y, x = torch.meshgrid(torch.arange(90) - 45.0, torch.arange(90) - 45.0, indexing="ij")
    away = torch.hypot(y, x) / 3
    crop, other = (torch.where(away < r, shade, 0.8).expand(3, -1, -1) for r, shade in ((5.0, 0.3), (7.0, 0.1)))
    torch.manual_seed(0)
    for _ in range(20):
        crowded = surround(crop, [other, other], pixels_um=3)
        assert torch.equal(crowded[:, away < 5], crop[:, away < 5])
        changed = (crowded - crop).abs().amax(dim=0) > 0.05
        assert changed.any()
        assert 0 <= crowded.min() <= crowded.max() <= 1


def test_a_pasted_cell_is_lit_as_the_crop_is() -> None:
    crop, other = torch.full((3, 90, 90), 0.8), torch.full((3, 90, 90), 0.5)
    torch.testing.assert_close(surround(crop, [other], pixels_um=3), crop)


def test_neighbours_are_pasted_as_often_as_the_recipe_says(cells: CellTable) -> None:
    crowded = TableCrops(cells, TASK, RECIPE.model_copy(update={"neighbours": 1.0}))
    first, target = crowded[0, 4]
    assert torch.equal(first, crowded[0, 4][0])
    alone = TableCrops(cells, TASK, RECIPE)
    assert torch.equal(target["admissible"], alone[0, 4][1]["admissible"])  # what is pasted teaches nothing
    assert not torch.equal(first, alone[0, 4][0])
