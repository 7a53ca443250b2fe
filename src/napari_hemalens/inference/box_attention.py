"""Where a detector looks at boxes that are given: those that it found, or that a person drew."""

import numpy as np
import torch
from numpy.typing import NDArray

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.detector import Field
from napari_hemalens.models.detectors import COARSEST, CellDetector
from napari_hemalens.models.preprocess import resize
from napari_hemalens.models.storage import preprocess_of
from napari_hemalens.models.weights import DetectorCard
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.box_attention import BoxAttention
from napari_hemalens.slides.slide import Slide
from napari_hemalens.slides.stitch import owned
from napari_hemalens.slides.tiles import Tile, plan


def attend_steps(
    slide: Slide,
    boxes: NDArray[np.floating],
    network: CellDetector,
    card: DetectorCard,
    *,
    pixel_size_um: float,
    tile: int = DetectionRecipe().tile,
    overlap: int = DetectionRecipe().overlap,
) -> Steps[BoxAttention]:
    """Find out where a detector looks when it judges boxes; yields after every tile that holds some.

    `partial` of the progress is a pair: which boxes were judged last (n,), and their attention.

    Parameters
    ----------
    slide : Slide
        The image.
    boxes : (N, 4)
        y0, x0, y1, x1 in level-0 pixels.
    network : CellDetector
        `faster_rcnn_attention`, in evaluation, on its device.
    card : DetectorCard
        What it was trained for.
    pixel_size_um : float
        Of the slide.
    tile, overlap : int
        As in `DetectionRecipe`.

    Raises
    ------
    RecipeError
        If the network has no agents.
    """
    field = Field(slide, (0, 0, *slide.shape), preprocess_of(card).scale(pixel_size_um))
    own = field.from_level0(np.asarray(boxes, dtype=np.float32).reshape(-1, 4))
    result, done = _nothing(len(own), network, card), 0
    for one in plan(field.shape, tile=tile, overlap=overlap, align=COARSEST):
        inside = np.flatnonzero(owned(own, one.core))
        if not len(inside):
            continue
        part = _of_tile(field, one, own[inside], of=(network, card))
        result.attention[inside], result.windows[inside] = part.attention, part.windows
        result.probabilities[inside] = part.probabilities
        done += len(inside)
        yield Progress(done, len(own), f"cell {done:,} of {len(own):,}", (inside, part))
    return result


@torch.inference_mode()
def _of_tile(
    field: Field, tile: Tile, boxes: NDArray[np.float32], *, of: tuple[CellDetector, DetectorCard]
) -> BoxAttention:
    network, card = of
    at = next(network.parameters()).device
    rgb = torch.from_numpy(field.read(tile)).permute(2, 0, 1)[None].to(at)
    images = preprocess_of(card).normalised(resize(rgb, (tile.y1 - tile.y0, tile.x1 - tile.x0)))
    corner = np.array([tile.y0, tile.x0] * 2, dtype=np.float32)
    given = torch.from_numpy((boxes - corner)[:, [1, 0, 3, 2]].copy()).to(at)  # y, x to torchvision's x, y
    logits, looks, windows = network.attend(images.contiguous(memory_format=torch.channels_last), given)
    edges = windows.cpu().numpy()[:, [1, 0, 3, 2]] + corner
    return BoxAttention(
        attention=looks.cpu().numpy(),
        windows=field.to_level0(edges),
        probabilities=logits[:, 1:].softmax(dim=1).cpu().numpy(),  # 0 is the background
    )


def _nothing(count: int, network: CellDetector, card: DetectorCard) -> BoxAttention:
    """Return attention of boxes that have not been looked at: all zero."""
    grid = int(network.roi_heads.box_roi_pool.output_size[0])
    return BoxAttention(
        attention=np.zeros((count, grid, grid), np.float32),
        windows=np.zeros((count, 4), np.float32),
        probabilities=np.zeros((count, len(card.classes)), np.float32),
    )
