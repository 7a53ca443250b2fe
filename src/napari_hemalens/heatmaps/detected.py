"""The cells of one image: named by a detector, and where its agents looked when they judged their boxes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.heatmaps.explain import blank, rows_of
from napari_hemalens.heatmaps.methods import resolved, target_of
from napari_hemalens.heatmaps.placing import place
from napari_hemalens.heatmaps.scaling import smoothed
from napari_hemalens.inference.box_attention import attend_steps
from napari_hemalens.inference.classifier import check_same_image, classified
from napari_hemalens.inference.crops import cut
from napari_hemalens.models.detector_protocol import AttentiveDetector
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.box_attention import BoxAttention
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained
from napari_hemalens.slides.slide import Slide

_SIDE = 96  # pixels of a crop, as those of most classifiers


def explain_steps(
    slide: Slide,
    cells: CellMap,
    detector: AttentiveDetector,
    *,
    recipe: ExplanationRecipe,
    provenance: Provenance,
    only: Sequence[int] | NDArray[np.int64] | None = None,
) -> Steps[Explained]:
    """Name the cells of a label image by their boxes, and show where the agents of a detector looked.

    As `explain.explain_steps`, whose parameters and errors it has. Heat is attention as a share of its highest place.
    Crops are squares around what the agents saw.
    """
    check_same_image(slide, cells)
    card = detector.card
    recipe = resolved(recipe, card)
    rows = rows_of(cells, only)
    some = cells.take(rows)
    size = provenance.pixel_size_um or card.pixel_size_um
    boxes = some.boxes.astype(np.float32)
    windows = _squares(boxes, card.network.refinement.window)
    result = blank(some, card, provenance, recipe=recipe, side=_SIDE, windows=windows)
    probabilities = np.full((len(rows), len(card.classes)), np.nan, dtype=np.float32)
    target = target_of(card, recipe.target)
    for progress in attend_steps(slide, boxes, detector, pixel_size_um=size):
        at, seen = progress.partial
        probabilities[at] = seen.probabilities
        result.targets[at] = card.decide(seen.probabilities) if target is None else target
        heats = smoothed(_heats(seen, windows[at]), recipe.smoothing)
        result.heats[at] = heats.numpy()
        for which, pixels in cut(slide, windows[at], side=_SIDE):
            result.crops[at[which]] = pixels.permute(0, 2, 3, 1).numpy()
        place(result.heat, heats, windows[at])
        last = classified(some.take(at), probabilities[at], card, provenance)
        yield Progress(progress.done, progress.total, progress.message, result.take(at, last))
    return replace(result, cells=classified(some, probabilities, card, provenance))


def _squares(boxes: NDArray[np.floating], factor: float) -> NDArray[np.float64]:
    """Return squares around boxes (N, 4), so many times as wide as their longer side."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=1)[:, None] * factor / 2
    return np.concatenate([middles - half, middles + half], axis=1)


def _heats(seen: BoxAttention, squares: NDArray[np.float64]) -> Tensor:
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
