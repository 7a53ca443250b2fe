"""Where a detector looks when it judges given boxes: those that it found, or that a person drew."""

import numpy as np
import torch
from numpy.typing import NDArray

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.tile_plan import TilePlan, plan_tiles, read_tile
from napari_hemalens.models.detector_protocol import AttentiveDetector
from napari_hemalens.models.preprocess import resize
from napari_hemalens.models.storage import preprocess_of
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.box_attention import BoxAttention
from napari_hemalens.slides.slide import Slide
from napari_hemalens.slides.stitch import in_core
from napari_hemalens.slides.tiles import Tile


def attend_steps(
    slide: Slide,
    boxes: NDArray[np.floating],
    detector: AttentiveDetector,
    *,
    pixel_size_um: float,
    recipe: DetectionRecipe | None = None,
) -> Steps[BoxAttention]:
    """Find out where a detector looks when it judges boxes; yields after every tile that holds some.

    `partial` of the progress is a pair: which boxes were judged last (n,), and their attention.

    Parameters
    ----------
    slide : Slide
        The image.
    boxes : (N, 4)
        y0, x0, y1, x1 in level-0 pixels.
    detector : AttentiveDetector
        Of weights of `faster_rcnn_attention`.
    pixel_size_um : float
        Of the slide.
    recipe : DetectionRecipe, optional
        Its tile and overlap are used.

    Raises
    ------
    RecipeError
        If the network has no agents.
    """
    plan = plan_tiles(slide, detector.card, recipe or DetectionRecipe(), pixel_size_um=pixel_size_um)
    own = plan.from_level0(np.asarray(boxes, dtype=np.float32).reshape(-1, 4))
    result, done = _blank(len(own), detector), 0
    for tile in plan.tiles:
        inside = np.flatnonzero(in_core(own, tile.core))
        if not len(inside):
            continue
        part = _attend_tile(slide, plan, tile, own[inside], detector=detector)
        result.attention[inside], result.windows[inside] = part.attention, part.windows
        result.probabilities[inside] = part.probabilities
        done += len(inside)
        yield Progress(done, len(own), f"cell {done:,} of {len(own):,}", (inside, part))
    return result


@torch.inference_mode()
def _attend_tile(
    slide: Slide, plan: TilePlan, tile: Tile, boxes: NDArray[np.float32], *, detector: AttentiveDetector
) -> BoxAttention:
    at = detector.device
    rgb = torch.from_numpy(read_tile(slide, plan, tile)).permute(2, 0, 1)[None].to(at)
    images = preprocess_of(detector.card).normalised(resize(rgb, (tile.y1 - tile.y0, tile.x1 - tile.x0)))
    corner = np.array([tile.y0, tile.x0] * 2, dtype=np.float32)
    given = torch.from_numpy((boxes - corner)[:, [1, 0, 3, 2]].copy()).to(at)  # y, x to torchvision's x, y
    logits, looks, windows = detector.attend(images.contiguous(memory_format=torch.channels_last), given)
    edges = windows.cpu().numpy()[:, [1, 0, 3, 2]] + corner
    return BoxAttention(
        attention=looks.cpu().numpy(),
        windows=plan.to_level0(edges),
        probabilities=logits[:, 1:].softmax(dim=1).cpu().numpy(),  # 0 is the background
    )


def _blank(count: int, detector: AttentiveDetector) -> BoxAttention:
    """Return the attention to boxes that have not been judged: all zero."""
    grid = detector.attention_grid
    return BoxAttention(
        attention=np.zeros((count, grid, grid), np.float32),
        windows=np.zeros((count, 4), np.float32),
        probabilities=np.zeros((count, len(detector.card.classes)), np.float32),
    )
