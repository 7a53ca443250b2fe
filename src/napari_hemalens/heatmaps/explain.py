"""The cells of one label image: named, and where the classifier looked."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_hemalens.config.options import CropRecipe, ExplanationRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.heatmaps.crop_heatmaps import explain_crops, light_channels
from napari_hemalens.heatmaps.methods import method_of, resolved
from napari_hemalens.heatmaps.placing import frame, place
from napari_hemalens.inference.classifier import batch_size, check_same_image, classified
from napari_hemalens.inference.crops import crop_width, crops
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.weights import ClassifierCard, ModelCard
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained
from napari_hemalens.slides.slide import Slide


def explain_steps(
    slide: Slide,
    cells: CellMap,
    network: CellClassifier,
    card: ClassifierCard,
    *,
    recipe: ExplanationRecipe,
    provenance: Provenance,
    only: Sequence[int] | NDArray[np.int64] | None = None,
) -> Steps[Explained]:
    """Name the cells of a label image, and find out where the network looked; yields after every batch.

    `partial` of the progress holds the cells of that batch alone, on the heat of all so far.

    Parameters
    ----------
    slide : Slide
        The image.
    cells : CellMap
        Its cells, in level-0 pixels of the slide.
    network : CellClassifier
        In evaluation, on its device.
    card : ClassifierCard
        What the network was trained for.
    recipe : ExplanationRecipe
        Method, target and smoothing.
    provenance : Provenance
        Of the result; its pixel size is needed where crops are in micrometres.
    only : (M,) int, optional
        Numbers of the cells that are explained; None: of all. What a crop is depends on all cells of the image.

    Raises
    ------
    ImageError
        If labels and image differ in shape.
    RecipeError
        If the network has no such method, or the weights know no such class.
    AnnotationError
        If there is no cell of a number asked for.
    """
    check_same_image(slide, cells)
    recipe = resolved(recipe, card)
    rows = rows_of(cells, only)
    explained = cells.take(rows)
    width = crop_width(cells, card.crop, provenance.pixel_size_um) if len(rows) else 0.0
    corners = explained.centres + 0.5 - width / 2  # from centres of pixels to their edges
    windows = np.concatenate([corners, corners + width], axis=1)
    result = blank(explained, card, provenance, recipe=recipe, side=card.crop.side, windows=windows)
    probabilities = np.full((len(rows), len(card.classes)), np.nan, dtype=np.float32)
    # A step, after which a run can be stopped, takes about as long by every method.
    batch = max(1, batch_size(next(network.parameters()).device) // method_of(card.network, str(recipe.method)).passes)
    done = 0
    cut = crops(slide, cells, card.crop, width=width, batch=batch, rows=rows) if len(rows) else ()
    for which, pixels in cut:
        at = np.searchsorted(rows, which)  # cells are looked at where they lie, not in the order of their numbers
        seen = explain_crops(
            network, pixels, card, method=str(recipe.method), targets=recipe.target, smoothing=recipe.smoothing
        )
        probabilities[at] = seen.probabilities.cpu().numpy()
        result.targets[at] = seen.targets.cpu().numpy()
        result.heats[at] = seen.heatmaps.cpu().numpy()
        result.crops[at] = as_rgb(pixels, card.crop)
        place(result.heat, seen.heatmaps, result.windows[at])
        done += len(which)
        last = classified(explained.take(at), probabilities[at], card, provenance)
        yield Progress(done, len(rows), f"cell {done:,} of {len(rows):,}", result.take(at, last))
    return replace(result, cells=classified(explained, probabilities, card, provenance))


def as_rgb(pixels: Tensor, crop: CropRecipe) -> NDArray[np.uint8]:
    """Return the light of crops (N, C, side, side) uint8 as (N, side, side, 3): grey as it looks, masks left out."""
    light = pixels[:, : light_channels(crop)].permute(0, 2, 3, 1).cpu().numpy()
    return np.broadcast_to(light, (*light.shape[:3], 3))


def rows_of(cells: CellMap, only: Sequence[int] | NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return the rows of the cells whose numbers are asked for, ascending.

    Raises
    ------
    AnnotationError
        If there is no cell of a number asked for.
    """
    if only is None:
        return np.arange(len(cells))
    unknown = np.setdiff1d(only, cells.ids)
    if len(unknown):
        raise AnnotationError(f"No cell {unknown[0]} in the labels, whose {len(cells):,} cells have other numbers.")
    return np.flatnonzero(np.isin(cells.ids, only))


def blank(
    cells: CellMap,
    card: ModelCard,
    provenance: Provenance,
    *,
    recipe: ExplanationRecipe,
    side: int,
    windows: NDArray[np.float64],
) -> Explained:
    """Return a result whose cells have not been looked at; `windows` (N, 4) are where their crops will be."""
    unknown = np.full((len(cells), len(card.classes)), np.nan, dtype=np.float32)
    return Explained(
        heat=frame(cells.labels.shape),
        cells=classified(cells, unknown, card, provenance),
        method=str(recipe.method),
        target=recipe.target,
        targets=np.zeros(len(cells), dtype=np.int64),
        crops=np.zeros((len(cells), side, side, 3), dtype=np.uint8),
        heats=np.zeros((len(cells), side, side), dtype=np.float32),
        windows=windows,
    )
