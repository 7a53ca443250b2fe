"""The cells of one image: named by a detector, and where its agents looked when they judged their boxes."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.heatmaps.assembly import ChosenCells, CropWindows, HeatmapAssembly
from napari_hemalens.heatmaps.crop_heatmaps import CropHeatmaps
from napari_hemalens.heatmaps.methods import resolve_recipe, target_of
from napari_hemalens.heatmaps.scaling import smoothed
from napari_hemalens.inference.box_attention import attend_steps
from napari_hemalens.inference.classifier import check_same_image
from napari_hemalens.inference.crops import cut
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detector_protocol import AttentiveDetector, NetworkDetector
from napari_hemalens.models.runtimes import Runtime, run_on_steps
from napari_hemalens.models.storage import load_detector
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.box_attention import BoxAttention
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained
from napari_hemalens.slides.slide import Slide

_SIDE = 96  # pixels of a crop, as those of most classifiers


def load_steps(
    card: DetectorCard, recipe: ExplanationRecipe, device: torch.device
) -> Steps[tuple[NetworkDetector, Runtime]]:
    """Return a detector on the runtime of a recipe, and that runtime; yields where that takes time.

    Raises
    ------
    WeightsError
        If the weights are missing.
    DeviceError
        If the runtime cannot compute them here.
    """
    network = load_detector(card, device)

    def on_steps(runtime: Runtime) -> Steps[tuple[NetworkDetector, Runtime]]:
        fast = yield from runtime.detector_steps(network)
        return NetworkDetector(fast, card, runtime.torch_precision), runtime

    return (yield from run_on_steps(recipe, device, on_steps))


def explain_steps(
    slide: Slide,
    chosen: ChosenCells,
    detector: AttentiveDetector,
    *,
    recipe: ExplanationRecipe,
    provenance: Provenance,
) -> Steps[Explained]:
    """Name the cells of a label image by their boxes, and map where the agents of a detector looked.

    Yields, returns and raises as `classifier_heatmaps.explain_steps` does. A heatmap is attention as a share of its
    highest place; crops are squares around what the agents saw.
    """
    card = detector.card
    check_same_image(slide, chosen.cells)
    recipe = resolve_recipe(recipe, card)
    explained = chosen.cells.take(chosen.rows())
    boxes = explained.boxes.astype(np.float32)
    edges = _squares(boxes, card.network.refinement.window)
    windows = CropWindows(edges, _SIDE)
    assembly = HeatmapAssembly(explained, card, recipe=recipe, provenance=provenance, windows=windows)
    target = target_of(card, recipe.target)
    size = provenance.pixel_size_um or card.pixel_size_um
    for progress in attend_steps(slide, boxes, detector, pixel_size_um=size):
        at, seen = progress.partial
        targets = card.decide(seen.probabilities) if target is None else np.full(len(at), target)
        maps = smoothed(_attention_in_squares(seen, edges[at]), recipe.smoothing)
        found = CropHeatmaps(torch.from_numpy(seen.probabilities), torch.from_numpy(targets), maps)
        partial = assembly.add(at, found, _crops(slide, edges[at]))
        yield Progress(progress.done, progress.total, progress.message, partial)
    return assembly.finish()


def _crops(slide: Slide, edges: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return what squares (N, 4) of the slide show: (N, side, side, 3)."""
    pixels = np.zeros((len(edges), _SIDE, _SIDE, 3), dtype=np.uint8)
    for which, part in cut(slide, edges, side=_SIDE):
        pixels[which] = part.permute(0, 2, 3, 1).numpy()
    return pixels


def _squares(boxes: NDArray[np.floating], factor: float) -> NDArray[np.float64]:
    """Return squares around boxes (N, 4), so many times as wide as their longer side."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=1)[:, None] * factor / 2
    return np.concatenate([middles - half, middles + half], axis=1)


def _attention_in_squares(seen: BoxAttention, squares: NDArray[np.float64]) -> Tensor:
    """Return attention laid into squares (N, 4): (N, side, side) in 0-1; nothing where the agents did not look."""
    steps = (torch.arange(_SIDE) + 0.5) / _SIDE
    near, far = (torch.from_numpy(edges.astype(np.float64)) for edges in (seen.windows[:, :2], seen.windows[:, 2:]))
    corner, size = torch.from_numpy(squares[:, :2]), torch.from_numpy(squares[:, 2:] - squares[:, :2])
    places = corner[:, :, None] + size[:, :, None] * steps  # (N, 2, side): y and x in pixels of the image
    inside = 2 * (places - near[:, :, None]) / (far - near)[:, :, None] - 1  # -1 and 1 are the edges of a window
    y, x = inside[:, 0, :, None].float(), inside[:, 1, None, :].float()
    grid = torch.stack([x + 0 * y, y + 0 * x], dim=-1)
    weights = torch.from_numpy(seen.attention)[:, None]
    laid = functional.grid_sample(weights, grid, padding_mode="zeros", align_corners=False)[:, 0]
    return laid / weights.amax(dim=(2, 3)).clamp(min=torch.finfo(laid.dtype).tiny)[..., None]
