import numpy as np
import torch

from napari_hemalens.active_learning.cells import PoolCells, RoundCrops
from napari_hemalens.config.training import ClassifierTraining


def test_a_cell_is_seen_by_the_middle_of_its_crop(cells: PoolCells) -> None:
    seen = cells.as_seen(np.array([3, 0]), 32)
    assert torch.equal(seen, cells.pixels[[3, 0], :, 8:40, 8:40])


def test_an_epoch_is_every_labelled_cell_and_the_copies(cells: PoolCells, training: ClassifierTraining) -> None:
    crops = RoundCrops(cells, np.array([4, 5, 6]), training)
    crops.copied = np.array([4, 4])
    assert len(crops) == 5
    assert [int(crops[index, 0][1]["labels"]) for index in range(5)] == [1, 0, 0, 1, 1]


def test_copies_of_a_cell_are_changed_each_in_its_own_way(cells: PoolCells, training: ClassifierTraining) -> None:
    crops = RoundCrops(cells, np.array([4, 5]), training)
    crops.copied = np.array([4])
    own, copy, again = crops[0, 7][0], crops[2, 8][0], crops[2, 8][0]
    assert own.shape == (3, 32, 32)
    assert own.dtype == torch.uint8
    assert not torch.equal(own, copy)
    assert torch.equal(copy, again)


def test_drawing_leaves_the_random_numbers_of_others_alone(cells: PoolCells, training: ClassifierTraining) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    RoundCrops(cells, np.array([4]), training)[0, 5]
    assert torch.equal(torch.rand(1), expected)


def test_balanced_epochs_show_every_class_equally_often(cells: PoolCells, training: ClassifierTraining) -> None:
    labelled = np.array([*[row for row in range(len(cells)) if cells.labels[row] == 0][:3], 4])
    crops = RoundCrops(cells, labelled, training.model_copy(update={"balance": True}))
    assert len(crops) == 4
    assert [int(crops[index, 0][1]["labels"]) for index in range(4)] == [0, 1, 0, 1]
    crops.copied = np.array([4])
    assert int(crops[4, 0][1]["labels"]) == 1
