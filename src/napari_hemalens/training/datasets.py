"""Annotated fields as training images: cropped, scaled, combined to mosaics, augmented."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from torchvision import tv_tensors

from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.formats.images import PICTURE_SUFFIXES, read_rgb
from napari_hemalens.models.preprocess import resize
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide
from napari_hemalens.training.augment import augmentation, seeded, uniform

Target: TypeAlias = dict[str, Tensor]
"""`boxes` (M, 4) float32 as x0, y0, x1, y1 in pixels of the image; `labels` (M,) int64 from 1."""

_FILLED = 0.75  # share of a training image's side that a field must fill to stand alone
_THINNEST = 2.0  # pixels: annotations hold a few slivers, which are no cells
_OPEN = 16  # slides: opening one again for each window would take longer than to read it
_VISIBLE = 0.5  # share of a box that must lie inside the image for the cell to be asked for: its greater part


class TrainingFields(Dataset[tuple[Tensor, Target]]):
    """Training images (3, side, side) uint8 with targets: new each epoch, the same for a seed.

    Parameters
    ----------
    fields : sequence of Detections
        Annotated images; `provenance.image` is the file, `provenance.pixel_size_um` its scale.
    names : sequence of str
        The classes to learn; cells of other classes are not asked for.
    recipe : DetectionTraining
        Scale, size and augmentation.
    """

    def __init__(self, fields: Sequence[Detections], names: Sequence[str], recipe: DetectionTraining) -> None:
        if not fields:
            raise TrainingError("No annotated image to train on.")
        self.fields = fields
        self.names = tuple(names)
        self.recipe = recipe
        self.transform = augmentation(recipe)

    def __len__(self) -> int:
        return len(self.fields)

    def __getitem__(self, draw: tuple[int, int]) -> tuple[Tensor, Target]:
        """Return one training image for a draw (index, seed), which fixes every random choice."""
        index, seed = draw
        with seeded(seed):
            mosaic = uniform(0, 1) < self.recipe.mosaic or self._is_small(index)
            image, boxes, labels = self._mosaic(index) if mosaic else self._single(index)
            side = (self.recipe.side,) * 2
            framed = tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=side)
            image, moved = self.transform(tv_tensors.Image(image), framed)
        whole, kept = area(moved), moved.clone()
        kept[:, 0::2] = kept[:, 0::2].clamp(0, side[1])
        kept[:, 1::2] = kept[:, 1::2].clamp(0, side[0])
        seen = (area(kept) > _VISIBLE * whole.clamp(min=1)) & (kept[:, 2:] - kept[:, :2] > _THINNEST).all(dim=1)
        return image.as_subclass(Tensor), {
            "boxes": kept.as_subclass(Tensor)[seen],
            "labels": labels[seen],
        }

    def _is_small(self, index: int) -> bool:
        """Return whether a field alone would leave much of a training image empty."""
        field = self.fields[index]
        shorter = min(field.image_shape) * field_scale(field, self.recipe.network.pixel_size_um)
        return shorter < _FILLED * self.recipe.side

    def _single(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        side = self.recipe.side
        return self._window(index, (side, side), centred=False)

    def _mosaic(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """Put four windows together, each around a nucleated cell if it can be: a crowded field."""
        side = self.recipe.side
        cut_y, cut_x = (round(side * uniform(0.35, 0.65)) for _ in "yx")
        others = torch.randint(len(self.fields), (3,)).tolist()
        canvas = torch.empty((3, side, side), dtype=torch.uint8)
        boxes, labels = [], []
        for k, i in enumerate([index, *others]):
            y0, y1 = ((0, cut_y), (cut_y, side))[k // 2]
            x0, x1 = ((0, cut_x), (cut_x, side))[k % 2]
            image, found, kinds = self._window(i, (y1 - y0, x1 - x0), centred=True)
            canvas[:, y0:y1, x0:x1] = image
            boxes.append(found + torch.tensor([x0, y0, x0, y0]))
            labels.append(kinds)
        return canvas, torch.cat(boxes), torch.cat(labels)

    def _window(self, index: int, size: tuple[int, int], *, centred: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Return a window of one field at the network's scale, give or take the zoom."""
        field = self.fields[index]
        boxes, labels = targets(field, self.names)
        nucleated = torch.tensor([cell_class(n).nucleated for n in self.names])[labels - 1]
        focus = None
        if centred and nucleated.any() and uniform(0, 1) < 0.9:
            focus = boxes[nucleated][int(torch.randint(int(nucleated.sum()), ()))]
        pixels, to_window = window(field, size, self.recipe, focus)
        return pixels, *visible(to_window(boxes), labels, size)


class Draws(Sampler[tuple[int, int]]):
    """Indices of one epoch with a seed each, from `start` on: a killed run resumes where it was."""

    def __init__(self, length: int, *, seed: int, epoch: int, start: int = 0) -> None:
        rng = np.random.default_rng([seed, epoch])
        self.order: NDArray[np.int64] = rng.permutation(length)[start:]
        self.seeds: NDArray[np.int64] = rng.integers(2**31, size=length)[start:]

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.order.tolist(), self.seeds.tolist(), strict=True)


def window(
    field: Detections, size: tuple[int, int], recipe: DetectionTraining, focus: Tensor | None
) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Cut a window of `size` (height, width) at the network's scale, give or take the zoom.

    It lies around `focus`, a box (4,) x0, y0, x1, y1 in pixels of the file, or anywhere. Returns
    the pixels (3, *size) uint8 and what takes boxes of the file into the window.
    """
    scale = recipe.zoom ** uniform(-1, 1) * field_scale(field, recipe.network.pixel_size_um)
    need = torch.tensor(size) / scale  # height and width of the window in pixels of the file
    if focus is None:  # a window larger than its image shows all of it, somewhere
        origin = (torch.tensor(field.image_shape) - need) * torch.rand(2)
    else:
        centre = (focus[[1, 0]] + focus[[3, 2]]) / 2
        origin = centre - need / 2 + need * torch.empty(2).uniform_(-0.15, 0.15)
    y0, x0 = origin.round().int().tolist()
    high, wide = (int(n) for n in need.ceil())
    pixels = resize(crop(field.provenance.image, (y0, x0, y0 + high, x0 + wide))[None], size)[0]
    shift, stretch = torch.tensor([x0, y0] * 2), torch.tensor([size[1] / wide, size[0] / high] * 2)
    return pixels, lambda boxes: (boxes - shift) * stretch


def field_scale(field: Detections, pixel_size_um: float) -> float:
    """Return network pixels a pixel of the field; 1 where its scale is not known."""
    return (field.provenance.pixel_size_um or pixel_size_um) / pixel_size_um


def targets(field: Detections, names: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return boxes (M, 4) as x0, y0, x1, y1 and labels (M,) from 1, without other classes."""
    index = np.array([names.index(n) + 1 if n in names else 0 for n in field.names] or [0])
    labels = torch.from_numpy(index[field.classes]).long()
    boxes = torch.from_numpy(field.boxes[:, [1, 0, 3, 2]].copy())  # y, x to torchvision's x, y
    return boxes[labels > 0], labels[labels > 0]


def visible(boxes: Tensor, labels: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Clip boxes to an image of `size` (height, width); cells mostly outside are dropped."""
    limit = torch.tensor([size[1], size[0]] * 2)
    clipped = torch.minimum(boxes.clamp(min=0), limit)
    seen = area(clipped) > _VISIBLE * area(boxes)
    return clipped[seen], labels[seen]


def area(boxes: Tensor) -> Tensor:
    """Return the area (M,) of boxes (M, 4)."""
    return (boxes[:, 2] - boxes[:, 0]).clamp(min=0) * (boxes[:, 3] - boxes[:, 1]).clamp(min=0)


def crop(image: str, box: tuple[int, int, int, int]) -> Tensor:
    """Return y0, x0, y1, x1 of an image file: (3, y1 - y0, x1 - x0) uint8; of a slide, no more than that is read."""
    if Path(image).suffix.lower() in PICTURE_SUFFIXES:
        return padded_crop(torch.from_numpy(read_rgb(image)).permute(2, 0, 1), box)
    slide = _opened(image, os.getpid())
    (y0, x0, y1, x1), (height, width) = box, slide.shape
    top, left = min(max(y0, 0), height - 1), min(max(x0, 0), width - 1)
    inside = slide.read(top, left, max(top + 1, min(y1, height)), max(left + 1, min(x1, width)))
    return padded_crop(torch.from_numpy(inside).permute(2, 0, 1), (y0 - top, x0 - left, y1 - top, x1 - left))


@lru_cache(maxsize=_OPEN)
def _opened(image: str, process: int) -> Slide:
    del process  # of the key: processes that share an open file would read from each other's places
    return open_image(image)  # closed when nothing holds it any more


def padded_crop(image: Tensor, box: tuple[int, int, int, int]) -> Tensor:
    """Return image[:, y0:y1, x0:x1]; beyond its edge, the bright background of its slide."""
    y0, x0, y1, x1 = box
    _, height, width = image.shape
    inside = image[:, max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)]
    if inside.shape[1:] == (y1 - y0, x1 - x0):
        return inside
    sample = image[:, ::8, ::8].flatten(1).float()
    empty = sample.quantile(0.95, dim=1).to(torch.uint8)[:, None, None]
    canvas = empty.expand(3, y1 - y0, x1 - x0).clone()
    top, left = max(-y0, 0), max(-x0, 0)
    canvas[:, top : top + inside.shape[1], left : left + inside.shape[2]] = inside
    return canvas


def collate(items: Sequence[tuple[Tensor, Target]]) -> tuple[Tensor, list[Target]]:
    """Return images of one size as (N, 3, H, W) uint8, and their targets."""
    return torch.stack([image for image, _ in items]), [target for _, target in items]
