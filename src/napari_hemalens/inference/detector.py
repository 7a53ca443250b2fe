"""The cells of one image: tiles in, one list of cells out, however large the image is."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import DeviceError, ImageError
from napari_hemalens.models.detectors import COARSEST, CellDetector
from napari_hemalens.models.preprocess import resize
from napari_hemalens.models.storage import preprocess_of
from napari_hemalens.models.weights import DetectorCard
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.slides.background import is_background
from napari_hemalens.slides.slide import Slide
from napari_hemalens.slides.stitch import owned, paired_iou, suppress
from napari_hemalens.slides.tiles import Tile, plan

Region = tuple[int, int, int, int]
"""y0, x0, y1, x1 in level-0 pixels; the far edge is excluded."""

_SEAM = 8  # network pixels by which two tiles may place the centre of a cell differently
_LOOK = 0.25  # seconds between looks at what was found so far


@dataclass(frozen=True, slots=True, eq=False)
class RawDetections:
    """Boxes (N, 4) float32 in level-0 pixels, scores (N,) float32, classes (N,) int64; unsorted."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: Sequence["RawDetections"]) -> "RawDetections":
        """Return the cells of several parts in one."""
        return cls(
            np.concatenate([np.zeros((0, 4), np.float32), *(p.boxes for p in parts)]),
            np.concatenate([np.zeros(0, np.float32), *(p.scores for p in parts)]),
            np.concatenate([np.zeros(0, np.int64), *(p.classes for p in parts)]),
        )

    def take(self, keep: NDArray[np.bool_]) -> "RawDetections":
        """Return the cells that a mask picks."""
        return RawDetections(self.boxes[keep], self.scores[keep], self.classes[keep])


@dataclass(frozen=True, slots=True)
class Field:
    """A region of a slide at the scale of a network: where tiles lie, and what boxes on them mean.

    Attributes
    ----------
    slide : Slide
        The image.
    region : Region
        What is analysed.
    scale : float
        Network pixels a level-0 pixel.
    """

    slide: Slide
    region: Region
    scale: float

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in network pixels."""
        y0, x0, y1, x1 = self.region
        return max(1, round((y1 - y0) * self.scale)), max(1, round((x1 - x0) * self.scale))

    def read(self, tile: Tile) -> NDArray[np.uint8]:
        """Return the pixels under a tile, at the level of the slide that fits: (h, w, 3)."""
        level = self.slide.best_level(self.scale)
        factor = self.slide.downsamples[level]
        height, width = self.slide.levels[level].shape[:2]
        y0, x0, y1, x1 = (round(edge / factor) for edge in self.level0(tile))
        y0, x0 = min(y0, height - 1), min(x0, width - 1)
        y1, x1 = min(max(y1, y0 + 1), height), min(max(x1, x0 + 1), width)
        return self.slide.read(y0, x0, y1, x1, level=level)

    def level0(self, tile: Tile) -> Region:
        """Return the whole level-0 pixels that a tile covers."""
        bottom, right = self.region[2:]
        y0, x0, y1, x1 = self.to_level0(np.array([[tile.y0, tile.x0, tile.y1, tile.x1]]))[0].round()
        return int(y0), int(x0), min(int(y1), bottom), min(int(x1), right)

    def to_level0(self, boxes: NDArray[np.floating] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Take boxes (N, 4) in network pixels of the region to level-0 pixels."""
        stretch, corner = self._frame()
        moved: NDArray[np.float32] = (boxes * stretch + corner).astype(np.float32)
        return moved

    def from_level0(self, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Take boxes (N, 4) in level-0 pixels to network pixels of the region."""
        stretch, corner = self._frame()
        moved: NDArray[np.float32] = ((boxes - corner) / stretch).astype(np.float32)
        return moved

    def _frame(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return level-0 pixels a network pixel, and where the region begins: (4,) each."""
        (height, width), (y0, x0, y1, x1) = self.shape, self.region
        return np.array([(y1 - y0) / height, (x1 - x0) / width] * 2), np.array([y0, x0] * 2, dtype=np.float64)


def detect_steps(
    slide: Slide,
    network: CellDetector,
    card: DetectorCard,
    recipe: DetectionRecipe,
    *,
    provenance: Provenance,
    region: Region | None = None,
) -> Steps[Detections]:
    """Find the cells of a slide; yields after every batch, now and then with the cells so far.

    Parameters
    ----------
    slide : Slide
        The image.
    network : CellDetector
        In evaluation, on its device.
    card : DetectorCard
        What the network was trained for.
    recipe : DetectionRecipe
        The options; its weights and device are those of `network`.
    provenance : Provenance
        Of the result; its pixel size, where known, sets the scale.
    region : Region, optional
        What to analyse; all of the slide by default.
    """
    pixel_size = provenance.pixel_size_um or card.pixel_size_um
    field = Field(slide, check_region(region, slide), preprocess_of(card).scale(pixel_size))
    tiles = plan(field.shape, tile=recipe.tile, overlap=recipe.overlap, align=COARSEST)
    runner = TileRunner(network, card, field, recipe)
    found: list[RawDetections] = []
    looked, done = 0.0, 0
    for count, part, message in runner.run(tiles):
        found.append(part)
        done += count
        partial = None
        if time.monotonic() - looked > _LOOK:
            partial = _result(found, field, card, provenance).above(score_threshold(card, recipe))
            looked = time.monotonic()
        yield Progress(done, len(tiles), message or f"tile {done} of {len(tiles)}", partial)
    cells = _result(found, field, card, provenance)
    cells = cells.take(suppress(cells.boxes, cells.scores, cells.classes, iou=recipe.nms_iou))
    return (
        one_class_per_cell(cells, recipe.nms_iou).above(score_threshold(card, recipe))
        if recipe.one_class_per_cell
        else cells
    )


def one_class_per_cell(cells: Detections, iou: float) -> Detections:
    """Return the cells without those that are a better cell under another class.

    A nucleated cell is one cell, whatever classes compete for it. It goes by the likeliest of them, and its score is
    the sum of theirs, up to 1: that a cell is there is surer than what it is, and a count that left out what lies
    between two classes would be wrong for both. Red cells and platelets are left alone, since a platelet may lie on a
    red cell.
    """
    nucleated = np.array([cell_class(name).nucleated for name in cells.names], dtype=np.bool_)[cells.classes]
    kept = suppress(cells.boxes, cells.scores, np.where(nucleated, -1, cells.classes), iou=iou)
    best = kept[nucleated[kept]]
    rivals = np.setdiff1d(np.flatnonzero(nucleated), best)
    if not len(rivals):
        return cells.take(kept)
    nearest = best[cKDTree(cells.centres[best]).query(cells.centres[rivals])[1]]
    same = paired_iou(cells.boxes[rivals], cells.boxes[nearest]) > iou
    scores = cells.scores.copy()
    np.add.at(scores, nearest[same], cells.scores[rivals[same]])
    return replace(cells, scores=scores.clip(max=1)).take(kept[np.argsort(-scores[kept], kind="stable")])


def score_threshold(card: DetectorCard, recipe: DetectionRecipe) -> float:
    """Return the score threshold of a cell: given, or chosen with the weights."""
    return card.score_threshold if recipe.score_threshold is None else recipe.score_threshold


def check_region(region: Region | None, slide: Slide) -> Region:
    """Return the region inside the slide, all of it by default."""
    height, width = slide.shape
    if region is None:
        return 0, 0, height, width
    y0, x0, y1, x1 = region
    inside = max(0, y0), max(0, x0), min(height, y1), min(width, x1)
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        raise ImageError(
            f"The region y {y0} to {y1}, x {x0} to {x1} lies outside {slide}, which is {height} x {width} pixels."
        )
    return inside


def _result(found: Sequence[RawDetections], field: Field, card: DetectorCard, provenance: Provenance) -> Detections:
    cells = RawDetections.joined(found)
    return Detections.from_arrays(
        cells.boxes,
        cells.scores,
        cells.classes,
        names=card.classes,
        recognised=card.classes,
        image_shape=field.slide.shape,
        provenance=provenance,
    )


def _size(tile: Tile) -> tuple[int, int]:
    return tile.y1 - tile.y0, tile.x1 - tile.x0


def tiles_at_once(device: torch.device) -> int:
    """Return how many tiles a forward pass is fastest with: more than one leaves the caches of a CPU."""
    return 1 if device.type == "cpu" else 4


def autocast(device: torch.device, recipe: DetectionRecipe) -> torch.autocast:
    """Return what lets a forward pass take numbers of 16 bits, where the recipe asks for them.

    Raises
    ------
    DeviceError
        If it does, and what proposes regions cannot have them on this device.
    """
    half = recipe.precision == "half"
    if half and device.type not in {"cuda", "cpu"}:
        raise DeviceError(f"Half precision is for NVIDIA GPUs, not for {device.type}; choose single.")
    return torch.autocast(device.type, torch.float16, enabled=half)


class TileRunner:
    """Runs a network over the tiles of a field, in batches that fit into memory."""

    def __init__(self, network: CellDetector, card: DetectorCard, field: Field, recipe: DetectionRecipe) -> None:
        self.network, self.field, self.recipe = network, field, recipe
        self.preprocess = preprocess_of(card)
        self.device = next(network.parameters()).device
        # Classes that compete for a cell add up, so that all of them have to be there.
        self.floor = 0.0 if recipe.one_class_per_cell else score_threshold(card, recipe)
        self.batch = recipe.batch or tiles_at_once(self.device)
        self.numbers = autocast(self.device, recipe)

    def run(self, tiles: Sequence[Tile]) -> Iterator[tuple[int, RawDetections, str]]:
        """Yield tiles done, the cells that they own, and what a person should know."""
        for _, alike in groupby(sorted(tiles, key=_size, reverse=True), key=_size):
            same = list(alike)
            step = self.batch
            for start in range(0, len(same), step):
                yield self._batch(same[start : start + step])

    def _batch(self, tiles: Sequence[Tile]) -> tuple[int, RawDetections, str]:
        pixels = [(tile, self.field.read(tile)) for tile in tiles]
        if self.recipe.skip_background:
            pixels = [(tile, rgb) for tile, rgb in pixels if not is_background(rgb)]
        if not pixels:
            return len(tiles), RawDetections.joined([]), "background passed over"
        images = torch.cat([self._scaled(tile, rgb) for tile, rgb in pixels])
        before = self.batch
        outputs = self._forward(images)
        lowered = self.batch < before
        message = f"out of GPU memory: {self.batch} tiles a batch now" if lowered else ""
        parts = [self._cells(tile, out) for (tile, _), out in zip(pixels, outputs, strict=True)]
        return len(tiles), RawDetections.joined(parts), message

    def _scaled(self, tile: Tile, rgb: NDArray[np.uint8]) -> Tensor:
        """Return a tile at the network's scale, on its device: (1, 3, h, w) uint8."""
        image = torch.from_numpy(rgb).permute(2, 0, 1)[None].to(self.device)
        return resize(image, (tile.y1 - tile.y0, tile.x1 - tile.x0))

    def _forward(self, images: Tensor) -> list[dict[str, Tensor]]:
        """Run the network, in smaller batches where the GPU's memory is too small."""
        try:
            outputs: list[dict[str, Tensor]] = []
            with torch.inference_mode(), self.numbers:
                for part in torch.split(images, self.batch):
                    ready = self.preprocess.normalised(part)
                    outputs += self.network(ready.contiguous(memory_format=torch.channels_last))
            return outputs
        except torch.OutOfMemoryError as error:
            if self.batch == 1:
                raise DeviceError(
                    f"Not enough GPU memory for one tile of {self.recipe.tile} px; lower `tile` or use the CPU."
                ) from error
            self.batch = max(1, self.batch // 2)
            torch.cuda.empty_cache()
        return self._forward(images)

    def _cells(self, tile: Tile, output: dict[str, Tensor]) -> RawDetections:
        """Return what a tile owns of the network's output, in level-0 pixels."""
        boxes = output["boxes"].float().cpu().numpy()[:, [1, 0, 3, 2]]  # x, y to y, x
        boxes += np.array([tile.y0, tile.x0] * 2, dtype=np.float32)
        scores = output["scores"].float().cpu().numpy()
        classes = output["labels"].cpu().numpy() - 1  # 0 is the background
        keep = (scores >= self.floor) & owned(boxes, tile.core, _SEAM)
        return RawDetections(self.field.to_level0(boxes), scores, classes).take(keep)
