"""Tiles in, raw detections out: the part of a detection that takes the time."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.device import moved
from napari_hemalens.inference.forward_passes import ForwardPasses
from napari_hemalens.inference.reading_ahead import read_ahead
from napari_hemalens.inference.tile_plan import TilePlan, read_tile
from napari_hemalens.models.detector_protocol import Detector
from napari_hemalens.models.preprocess import resize
from napari_hemalens.models.storage import preprocess_of
from napari_hemalens.slides.background import BLOCK, is_background
from napari_hemalens.slides.slide import Slide
from napari_hemalens.slides.stitch import in_core
from napari_hemalens.slides.tiles import Tile

_Pixels: TypeAlias = dict[Tile, NDArray[np.uint8]]

_SEAM = 8  # network pixels by which two tiles may place the centre of a cell differently


@dataclass(frozen=True, slots=True, eq=False)
class RawDetections:
    """What a detector found in one tile, of the cells that the tile owns; a cell at a seam may be in two tiles.

    Attributes
    ----------
    tile : Tile
        In network pixels of the plan's region.
    boxes : (N, 4) float32
        y0, x0, y1, x1 in level-0 pixels.
    scores : (N,) float32
        In 0-1.
    classes : (N,) int64
        Index into the classes of the card.
    """

    tile: Tile
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]

    @classmethod
    def empty(cls, tile: Tile) -> "RawDetections":
        """Return no cells of a tile."""
        return cls(tile, np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class BatchOfTiles:
    """What one forward pass found.

    Attributes
    ----------
    found : tuple of RawDetections
        Of each tile.
    message : str
        What a person should know of it; may be empty.
    """

    found: tuple[RawDetections, ...]
    message: str = ""


def run_tiles(slide: Slide, plan: TilePlan, detector: Detector, recipe: DetectionRecipe) -> Iterator[BatchOfTiles]:
    """Run a detector over the tiles of a plan, in batches that fit into memory; yields after each.

    Parameters
    ----------
    slide : Slide
        The image.
    plan : TilePlan
        Of all its tiles, or a share of them.
    detector : Detector
        Of the card that the plan was made with.
    recipe : DetectionRecipe
        Batch, and whether empty glass is passed over.

    Raises
    ------
    DeviceError
        If a single tile does not fit into memory, or the device has no numbers of 16 bits and they are asked for.
    """
    return _TileRunner(slide, plan, detector, recipe).run()


def tiles_at_once(device: torch.device) -> int:
    """Return how many tiles a forward pass is fastest with: more than one leaves the caches of a CPU."""
    return 1 if device.type == "cpu" else 4


def run_order(tile: Tile) -> tuple[int, int, int, int]:
    """Return the key by which tiles are run: by falling size, then row by row."""
    return tile.y0 - tile.y1, tile.x0 - tile.x1, tile.y0, tile.x0


def _size(tile: Tile) -> tuple[int, int]:
    return tile.y1 - tile.y0, tile.x1 - tile.x0


class _TileRunner:
    """Runs batch after batch, in passes that remember what a device has room for."""

    def __init__(self, slide: Slide, plan: TilePlan, detector: Detector, recipe: DetectionRecipe) -> None:
        self.slide, self.plan, self.detector, self.recipe = slide, plan, detector, recipe
        self.preprocess = preprocess_of(detector.card)
        # Classes that compete for a cell add up, so that all of them have to be there.
        self.floor = 0.0 if recipe.one_class_per_cell else detector.card.threshold(recipe.score_threshold)
        batch = recipe.batch or tiles_at_once(detector.device)
        one = f"one tile of {recipe.tile} px; lower `tile` or use the CPU"
        self.passes = ForwardPasses(detector.precision, batch, one)

    def run(self) -> Iterator[BatchOfTiles]:
        for tiles, pixels in read_ahead(self._batches()):
            yield self._run_batch(tiles, pixels)

    def _batches(self) -> Generator[tuple[Sequence[Tile], _Pixels], None, None]:
        """Yield tiles of one size, and the pixels of those that are not empty."""
        for _, alike in groupby(sorted(self.plan.tiles, key=run_order), key=_size):
            same = list(alike)
            step = self.passes.most or len(same)
            for start in range(0, len(same), step):
                tiles = same[start : start + step]
                yield tiles, {tile: rgb for tile in tiles if (rgb := self._look_at(tile)) is not None}

    def _run_batch(self, tiles: Sequence[Tile], pixels: _Pixels) -> BatchOfTiles:
        if not pixels:
            return BatchOfTiles(tuple(map(RawDetections.empty, tiles)), "background passed over")
        images = torch.cat([self._scaled(tile, rgb) for tile, rgb in pixels.items()])
        before = self.passes.most
        outputs = dict(zip(pixels, self._forward(images), strict=True))
        now = self.passes.most
        message = "" if now == before else f"out of GPU memory: {now} tiles a batch now"
        found = (self._cells(tile, outputs[tile]) if tile in outputs else RawDetections.empty(tile) for tile in tiles)
        return BatchOfTiles(tuple(found), message)

    def _look_at(self, tile: Tile) -> NDArray[np.uint8] | None:
        """Return the pixels of a tile; None where it is empty, by a coarser level if there is one."""
        if not self.recipe.skip_background:
            return read_tile(self.slide, self.plan, tile)
        fine, coarse = (self.slide.best_level(self.plan.scale / shrunk) for shrunk in (1, BLOCK))
        shrunk = self.slide.downsamples[coarse] / self.slide.downsamples[fine]
        if coarse != fine and is_background(read_tile(self.slide, self.plan, tile, level=coarse), shrunk=shrunk):
            return None
        rgb = read_tile(self.slide, self.plan, tile)
        return None if is_background(rgb) else rgb

    def _scaled(self, tile: Tile, rgb: NDArray[np.uint8]) -> Tensor:
        """Return a tile at the detector's scale, on its device: (1, 3, h, w) uint8."""
        image = moved(torch.from_numpy(rgb), self.detector.device)
        return resize(image.permute(2, 0, 1)[None], _size(tile))

    def _forward(self, images: Tensor) -> list[Mapping[str, Tensor]]:
        """Run the detector, in smaller batches where the GPU's memory is too small."""

        @torch.inference_mode()
        def detect(some: Tensor) -> Sequence[Mapping[str, Tensor]]:
            ready = self.preprocess.normalised(some)
            return self.detector.detect(ready.contiguous(memory_format=torch.channels_last))

        return [output for part in self.passes.run(images, detect) for output in part]

    def _cells(self, tile: Tile, output: Mapping[str, Tensor]) -> RawDetections:
        """Return what a tile owns of the detector's output, in level-0 pixels."""
        boxes = output["boxes"].float().cpu().numpy()[:, [1, 0, 3, 2]]  # x, y to y, x
        boxes += np.array([tile.y0, tile.x0] * 2, dtype=np.float32)
        scores = output["scores"].float().cpu().numpy()
        classes = output["labels"].cpu().numpy() - 1  # 0 is the background
        keep = (scores >= self.floor) & in_core(boxes, tile.core, _SEAM)
        return RawDetections(tile, self.plan.to_level0(boxes)[keep], scores[keep], classes[keep])
