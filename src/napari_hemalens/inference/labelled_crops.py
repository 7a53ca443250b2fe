"""Cells that somebody has named, cut from their images as a classifier sees them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.errors import AnnotationError, RecipeError, TrainingError
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.inference.crops import crop_width, crops, masks
from napari_hemalens.inference.crops import cut as cut_windows
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.open import open_image

_BATCH = 256


def cut(field: NamedCells, recipe: CropRecipe, *, room: float = 1.0) -> Tensor:
    """Return the crops (N, channels, side, side) uint8 of the cells of a field, in their order.

    Parameters
    ----------
    field : NamedCells
        Image, label image, and which of its cells.
    recipe : CropRecipe
        What a crop is.
    room : float
        Factor by which crops are wider, and have more pixels.

    Raises
    ------
    AnnotationError
        If the label image has no cell of a number that is asked for.
    RecipeError
        If the image has a class as a whole, and the crops are of single cells.
    """
    if field.whole and recipe.unit != "field":
        raise RecipeError(
            f"The image {field.image} has a class as a whole; the recipe's crops are of single cells (crop.unit = "
            f"{recipe.unit}). Take the recipe field, or one with crop.unit = field."
        )
    with open_image(field.image) as slide:
        cells, rows = cells_of(field)
        detail = recipe.detail and round(recipe.detail * room)
        wider = recipe.model_copy(update={"side": round(recipe.side * room), "detail": detail})
        width = crop_width(cells, recipe, slide.pixel_size_um) * room
        wanted = cells.take(rows)
        pixels = torch.empty((len(wanted), recipe.channels, wider.side, wider.side), dtype=torch.uint8)
        for which, found in crops(slide, wanted, wider, width=width, batch=_BATCH):
            pixels[torch.from_numpy(which)] = found
    return pixels


def cut_boxes(table: CellTable, recipe: CropRecipe, *, room: float = 1.0) -> Tensor:
    """Return the crops (N, 3, side, side) uint8 of the cells of a table, in their order.

    Parameters
    ----------
    table : CellTable
        The cells.
    recipe : CropRecipe
        What a crop is, such as needs no labels.
    room : float
        Factor by which crops are wider, and have more pixels.

    Raises
    ------
    TrainingError
        If the recipe asks for more than boxes can give.
    """
    if recipe.needs_labels:
        raise TrainingError("Crops of cells by box are in micrometres, and show the image as it is.")
    side = round(recipe.side * room)
    pixels = torch.empty((len(table), 3, side, side), dtype=torch.uint8)
    centres = (table.boxes[:, :2] + table.boxes[:, 2:]).astype(np.float64) / 2
    half = recipe.width * room / table.pixel_sizes[:, None].astype(np.float64) / 2
    windows = np.concatenate([centres - half, centres + half], axis=1)
    names = table.images.astype(str)
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        with open_image(name) as slide:
            for which, found in cut_windows(slide, windows[rows], side=side):
                pixels[torch.from_numpy(rows[which])] = found
    return pixels


def cells_of(field: NamedCells) -> tuple[CellMap, NDArray[np.int64]]:
    """Return all cells of a label image, and the rows (N,) of those that the field names.

    Raises
    ------
    AnnotationError
        If the label image has no cell of a number that the field names.
    """
    cells = CellMap.from_labels(field.label_image())
    missing = np.setdiff1d(field.ids, cells.ids)
    if len(missing):
        raise AnnotationError(f"{field.labels or field.image} has no cell {missing[0]}, which is asked for.")
    return cells, np.searchsorted(cells.ids, field.ids)


def marks(field: NamedCells, recipe: CropRecipe, *, room: float = 1.0) -> Tensor:
    """Return what makes a cell of its class, as outlined, in the crops of `cut`: (N, 1, side, side) uint8, 0 or 255.

    Raises
    ------
    AnnotationError
        If the data set has no such outlines.
    """
    cells, rows = cells_of(field)
    outlined = replace(cells, labels=field.mark_image())
    side, width = round(recipe.side * room), crop_width(cells, recipe, None) * room
    corners = cells.centres[rows] + 0.5 - width / 2
    return masks(outlined, rows, corners, side=side, width=width)[0].to(torch.uint8) * 255


def labels_of(fields: Sequence[NamedCells], classes: Sequence[str]) -> NDArray[np.int64]:
    """Return the index into `classes` of every cell of the fields: (N,)."""
    names = np.concatenate([field.class_names for field in fields])
    unknown = set(names.tolist()) - set(classes)
    if unknown:
        raise TrainingError(f"Cells of the class {sorted(unknown)[0]!r}; known: {', '.join(classes)}.")
    return np.array([classes.index(name) for name in names.tolist()], dtype=np.int64)
