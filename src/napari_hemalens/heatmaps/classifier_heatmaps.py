"""The cells of one label image: named, and where the classifier looked at each."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.heatmaps.assembly import ChosenCells, CropWindows, HeatmapAssembly
from napari_hemalens.heatmaps.crop_heatmaps import CropHeatmaps, explain_crops, light_channels
from napari_hemalens.heatmaps.methods import method_of, resolve_recipe
from napari_hemalens.inference.classifier import NetworkClassifier, batch_size, check_same_image
from napari_hemalens.inference.crops import CropSource, crop_width
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained
from napari_hemalens.slides.slide import Slide


def load_steps(card: ClassifierCard, recipe: ExplanationRecipe, device: torch.device) -> Steps[NetworkClassifier]:
    """Return a classifier on what can show a recipe's method; yields where that takes time.

    Gradients, and passes over covered crops that are compared with them, need the network as it was trained; layers
    within its stages need torch. What else there is comes with the answer of any runtime. However many views weights
    ask for, a heatmap, and the class that it is of, are of the cell as it lies.
    """
    card = card.seeing(1)
    method = method_of(card.network, str(recipe.method))
    if method.kind not in {"attention", "features"}:
        return NetworkClassifier.load(card, device)
    if method.inside:
        precision = "single" if recipe.precision == "int8" else recipe.precision
        inside = recipe.model_copy(update={"runtime": "torch", "precision": precision})
        return (yield from NetworkClassifier.load_steps(card, inside, device))
    return (yield from NetworkClassifier.load_steps(card, recipe, device))


def note_on(classifier: NetworkClassifier, recipe: ExplanationRecipe) -> tuple[str, ...]:
    """Return a sentence where torch computes what a recipe asks OpenVINO for, or in more bits than it asks for."""
    asks = recipe.runtime == "openvino" or recipe.precision == "int8"
    got = classifier.passes.precision == "half", "openvino" in classifier.runtime.versions
    if got[1] or not (asks or (recipe.precision == "half" and not got[0])):
        return ()
    precision = classifier.passes.precision
    return (
        f"The method {recipe.method} looks into the network as it was trained, which torch computed in {precision} "
        f"precision, whatever the options runtime ({recipe.runtime}) and precision ({recipe.precision}) say.",
    )


def explain_steps(
    slide: Slide,
    chosen: ChosenCells,
    classifier: NetworkClassifier,
    *,
    recipe: ExplanationRecipe,
    provenance: Provenance,
) -> Steps[Explained]:
    """Name the cells of a label image, and map where the network looked; yields after every batch.

    `partial` of the progress holds the cells of that batch alone, on the heatmap of all so far.

    Parameters
    ----------
    slide : Slide
        The image.
    chosen : ChosenCells
        Its cells, in level-0 pixels of the slide, and which of them are explained.
    classifier : NetworkClassifier
        Ready to run.
    recipe : ExplanationRecipe
        Method, target and smoothing.
    provenance : Provenance
        Of the result; its pixel size is needed where crops are in micrometres.

    Raises
    ------
    ImageError
        If labels and image differ in shape.
    RecipeError
        If the network has no such method, or the weights know no such class.
    AnnotationError
        If there is no cell of a number that was chosen.
    """
    card, cells = classifier.card, chosen.cells
    check_same_image(slide, cells)
    recipe = resolve_recipe(recipe, card)
    rows = chosen.rows()
    explained = cells.take(rows)
    width = crop_width(cells, card.crop, provenance.pixel_size_um) if len(rows) else 0.0
    windows = CropWindows(windows_around(explained, width), card.crop.side)
    assembly = HeatmapAssembly(explained, card, recipe=recipe, provenance=provenance, windows=windows)
    found_in = map_crops(CropSource.of(slide, cells, card.crop, width=width), rows, classifier, recipe) if width else ()
    done = 0
    for which, found, pixels in found_in:
        # Crops come in the order in which cells lie in the image, not in that of their numbers.
        partial = assembly.add(np.searchsorted(rows, which), found, as_rgb(pixels, card.crop))
        done += len(which)
        yield Progress(done, len(rows), f"cell {done:,} of {len(rows):,}", partial)
    return assembly.finish()


def map_crops(
    source: CropSource, rows: NDArray[np.int64], classifier: NetworkClassifier, recipe: ExplanationRecipe
) -> Iterator[tuple[NDArray[np.int64], CropHeatmaps, Tensor]]:
    """Yield which (n,) of some cells, where the network looked at them, and their crops (n, C, side, side) uint8.

    Cells of one block of `source` are looked at together, with nothing of other blocks. The recipe is a resolved one.
    """
    method = method_of(classifier.card.network, str(recipe.method))
    # A step, after which a run can be stopped, takes about as long by every method.
    batch = max(1, batch_size(classifier.device) // method.passes)
    for which, pixels in source.crops(rows, batch=batch):
        found = explain_crops(
            classifier, pixels, method=str(recipe.method), targets=recipe.target, smoothing=recipe.smoothing
        )
        yield which, found, pixels


def windows_around(cells: CellMap, width: float) -> NDArray[np.float64]:
    """Return the edges (N, 4) of the crops of cells, as wide as given in level-0 pixels: y0, x0, y1, x1."""
    corners = cells.centres + 0.5 - width / 2  # from centres of pixels to their edges
    return np.concatenate([corners, corners + width], axis=1)


def as_rgb(pixels: Tensor, crop: CropRecipe) -> NDArray[np.uint8]:
    """Return the light of crops (N, C, side, side) uint8 as (N, side, side, 3): grey as it looks, masks left out."""
    light = pixels[:, : light_channels(crop)].permute(0, 2, 3, 1).cpu().numpy()
    return np.broadcast_to(light, (*light.shape[:3], 3))
