"""Crops of labelled cells: those that the table names, in its order, and their outlines."""

from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.errors import AnnotationError, TrainingError
from napari_hemalens.formats import cell_table
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.formats.named_cells import NamedCells, read
from napari_hemalens.inference.labelled_crops import cells_of, cut, cut_boxes, labels_of, marks

RECIPE = CropRecipe(side=32, width=2.0, light="fluorescence")


@pytest.fixture
def field(micronuclei: Path) -> NamedCells:
    """Sixteen nuclei, of which those of odd numbers have a bright body at their side."""
    return read(micronuclei, split="val")[0]


def test_crops_come_in_the_order_of_the_table(field: NamedCells) -> None:
    every = cut(field, RECIPE)
    assert every.shape == (16, 3, 32, 32)
    rows = np.array([5, 2, 9])
    some = replace(field, ids=field.ids[rows], class_names=field.class_names[rows], groups=field.groups[rows])
    assert (cut(some, RECIPE) == every[rows]).all()
    assert every[:, 0, 16, 16].min() > 100  # a nucleus is in the middle of each
    assert every[:, 0, 0, 0].max() < 100  # and its surroundings at the corner


def test_crops_with_room_show_the_same_in_their_middle(field: NamedCells) -> None:
    plain, wide = cut(field, RECIPE), cut(field, RECIPE, room=2.0)
    assert wide.shape == (16, 3, 64, 64)
    middle = wide[:, :, 16:48, 16:48]
    assert (middle.int() - plain.int()).abs().max() <= 1


def test_marks_lie_where_the_bodies_are_in_the_crops(field: NamedCells) -> None:
    crops, bodies = cut(field, RECIPE), marks(field, RECIPE)
    assert bodies.shape == (16, 1, 32, 32)
    assert set(bodies.unique().tolist()) == {0, 255}
    has = field.class_names == "micronucleus"
    assert (bodies.flatten(1).amax(dim=1) == 255).tolist() == has.tolist()
    assert bodies[has, 0][:, 16, 16].max() == 0  # beside the nucleus
    assert (crops[:, :1][bodies == 255] > 60).all()


def test_a_cell_alone_on_black_needs_no_label_image(tmp_path: Path) -> None:
    image = np.zeros((40, 50, 3), np.uint8)
    image[10:20, 5:25] = (90, 0, 120)
    iio.imwrite(tmp_path / "cell.bmp", image)
    one = NamedCells(tmp_path / "cell.bmp", None, np.array([1]), np.array(["blast"]), np.array(["7"]))
    cells, rows = cells_of(one)
    assert rows.tolist() == [0]
    assert cells.boxes.tolist() == [[10, 5, 20, 25]]
    iio.imwrite(tmp_path / "cell.bmp", np.zeros_like(image))
    with pytest.raises(AnnotationError, match=r"cell\.bmp has no cell 1"):
        cells_of(one)


def test_a_number_that_the_label_image_lacks_is_named(field: NamedCells) -> None:
    wrong = replace(field, ids=np.array([1, 99]))
    with pytest.raises(AnnotationError, match="has no cell 99, which is asked for"):
        cells_of(wrong)


def test_classes_become_indices_and_an_unknown_one_is_refused(field: NamedCells) -> None:
    found = labels_of([field, field], ("none", "micronucleus"))
    assert found.tolist() == [int(name == "micronucleus") for name in field.class_names] * 2
    with pytest.raises(TrainingError, match="Cells of the class 'none'; known: micronucleus"):
        labels_of([field], ("micronucleus",))


BY_BOX = CropRecipe(side=40, width=16.0, unit="um")


@pytest.fixture(scope="module")
def boxed(cells_by_box: Path) -> CellTable:
    """The cells of two laboratories, whose images have scales of their own."""
    return cell_table.read(cells_by_box / "cells.csv")


def test_cells_by_box_are_cut_in_the_order_of_the_table(boxed: CellTable) -> None:
    every = cut_boxes(boxed, BY_BOX)
    assert every.shape == (len(boxed), 3, 40, 40)
    rows = np.random.default_rng(0).permutation(len(boxed))
    assert (cut_boxes(boxed.take(rows), BY_BOX) == every[rows]).all()
    assert every[:, 2, 20, 20].float().sub(150).abs().max() < 15  # blue of a cell in the middle of each


def test_a_cell_is_as_large_in_its_crop_whatever_the_scale_of_its_image(boxed: CellTable) -> None:
    cells = cut_boxes(boxed, BY_BOX)[:, 2] < 190
    share = cells.float().mean(dim=(1, 2)).numpy()
    np.testing.assert_allclose(share, np.pi * (5 / 16) ** 2, atol=0.03)
    y, x = np.mgrid[:40, :40]
    middle = np.array([[y[cell].mean(), x[cell].mean()] for cell in cells.numpy()])
    np.testing.assert_allclose(middle, 19.5, atol=0.8)


def test_crops_by_box_with_room_show_the_same_in_their_middle(boxed: CellTable) -> None:
    plain, wide = cut_boxes(boxed, BY_BOX), cut_boxes(boxed, BY_BOX, room=1.5)
    assert wide.shape == (len(boxed), 3, 60, 60)
    assert (wide[:, :, 10:50, 10:50].int() - plain.int()).abs().max() <= 2


@pytest.mark.parametrize(
    "more", [{"unit": "diameter"}, {"neighbours": "hidden"}, {"stain": "reference"}, {"detail": 32}]
)
def test_a_box_gives_no_crop_that_needs_outlines(boxed: CellTable, more: dict[str, object]) -> None:
    with pytest.raises(TrainingError, match="Crops of cells by box are in micrometres, and show the image as it is"):
        cut_boxes(boxed, CropRecipe.from_options(**(BY_BOX.model_dump() | more)))
