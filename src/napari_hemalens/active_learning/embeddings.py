"""Cells looked at once by a network, whose embedding is kept on disk by content; a second start is instant."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_hemalens.active_learning.cell_sources import ReadableCells
from napari_hemalens.active_learning.embedded import Embedded
from napari_hemalens.active_learning.embedding_cache import BLOCK, THUMBNAIL, EmbeddingCache
from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.options import TeachingRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.inference import device
from napari_hemalens.inference.classifier import NetworkClassifier, batch_size, name_and_embed
from napari_hemalens.inference.crops import crop_width, crops, cut
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.taught_cells import TaughtCells
from napari_hemalens.slides.slide import Slide

_NEAR = 1024  # pixels: cells of such a square are looked at one after the other, so that it is read once


def embed_steps(
    source: ReadableCells, card: ClassifierCard, caches: Path, recipe: TeachingRecipe, *, read_only: bool = False
) -> Steps[Embedded]:
    """Embed cells, those that the cache has not yet; yields after every batch. What is done stays when it is stopped.

    Parameters
    ----------
    source : ReadableCells
        The cells.
    card : ClassifierCard
        Any classifier; it is loaded only if a cell is new.
    caches : Path
        Folder of caches.
    recipe : TeachingRecipe
        Device, precision and runtime.
    read_only : bool
        Whether the caches stay as they are.

    Raises
    ------
    ImageError
        If an image cannot be read, or has no pixel size and crops are in micrometres.
    WeightsError
        If the weights are not there, or not those of the card.
    DeviceError
        If this machine has no such device, or the runtime cannot compute them there.
    """
    cache = EmbeddingCache(caches, card.sha256, card.crop.model_dump(mode="json"), read_only=read_only)
    views = [_View.of(source, image, rows, card.crop) for image, rows in enumerate(_rows_by_image(source.cells))]
    keys = [""] * len(source.cells)
    for view in views:
        for row, key in zip(view.rows.tolist(), view.keys, strict=True):
            keys[row] = key
    total = sum(key not in cache for key in keys)
    notes = tuple(cache.notes)
    yield Progress(0, total, " ".join(notes) or f"{len(keys) - total:,} of {len(keys):,} cells are known")
    if total:
        classifier = yield from NetworkClassifier.load_steps(card.seeing(1), recipe, device.choose(recipe.device))
        yield from _look_steps(views, cache, classifier, total)
    return Embedded(source.cells, cache.vectors(keys), cache.thumbnails(keys), card.name, card.sha256, notes)


def _look_steps(views: list["_View"], cache: EmbeddingCache, classifier: NetworkClassifier, total: int) -> Steps[None]:
    done = 0
    try:
        for view in views:
            missing = np.array([key not in cache for key in view.keys], dtype=np.bool_)
            for found, pixels, pictures in view.look(np.flatnonzero(missing), batch_size(classifier.device)):
                cache.add(
                    [view.keys[k] for k in found.tolist()],
                    name_and_embed(classifier, pixels)[1].cpu().numpy(),
                    pictures,
                )
                done += len(found)
                yield Progress(done, total, f"looking at cell {done:,} of {total:,}")
    finally:
        cache.flush()


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """The cells of one image, and how a network wants to see them.

    Attributes
    ----------
    rows : (n,) int64
        Rows of the cells.
    keys : list of str
        Of the cache: cell, width of the crop, and what else the crop depends on.
    look : callable
        Yields crops and thumbnails of some of them, by index into `rows`.
    """

    rows: NDArray[np.int64]
    keys: list[str]
    look: Callable[[NDArray[np.int64], int], Iterator[tuple[NDArray[np.int64], Tensor, NDArray[np.uint8]]]]

    @classmethod
    def of(cls, source: ReadableCells, image: int, rows: NDArray[np.int64], recipe: CropRecipe) -> "_View":
        cells = source.cells.take(rows)
        if len(rows) and (recipe.needs_labels or (cells.sources == "label").all()):
            return cls._by_outline(source, image, rows, recipe)
        widths = _widths(cells, image, recipe)
        windows = np.concatenate([cells.centres - widths[:, None] / 2, cells.centres + widths[:, None] / 2], axis=1)

        def look(
            wanted: NDArray[np.int64], batch: int
        ) -> Iterator[tuple[NDArray[np.int64], Tensor, NDArray[np.uint8]]]:
            with source.open[image]() as slide:
                for part in _near_each_other(cells.centres, wanted):
                    for which, pixels in cut(slide, windows[part].astype(np.float64), side=recipe.side, batch=batch):
                        yield part[which], pixels, _pictures(pixels)

        return cls(rows, [_key(id_, width, b"") for id_, width in zip(cells.ids, widths, strict=True)], look)

    @classmethod
    def _by_outline(cls, source: ReadableCells, image: int, rows: NDArray[np.int64], recipe: CropRecipe) -> "_View":
        cells = source.cells.take(rows)
        outlined, at = source.map_of(image)
        width = crop_width(outlined, recipe, cells.images[image].pixel_size_um)
        plain = CropRecipe(side=THUMBNAIL, width=recipe.width, unit=recipe.unit)
        everything = outlined.ids.tobytes() + outlined.areas.tobytes() if recipe.needs_labels else b""

        def seen(slide: Slide, part: NDArray[np.int64], how: CropRecipe) -> Tensor:
            found = list(crops(slide, outlined, how, width=width, batch=BLOCK, rows=at[part]))
            place = {row: k for k, row in enumerate(at[part].tolist())}
            order = np.array([place[row] for which, _ in found for row in which.tolist()])
            return torch.cat([pixels for _, pixels in found])[torch.from_numpy(np.argsort(order))]

        def look(
            wanted: NDArray[np.int64], batch: int
        ) -> Iterator[tuple[NDArray[np.int64], Tensor, NDArray[np.uint8]]]:
            with source.open[image]() as slide:
                for part in _near_each_other(cells.centres, wanted, batch):
                    light = plain.model_copy(update={"light": recipe.light})
                    yield part, seen(slide, part, recipe), _pictures(seen(slide, part, light))

        return cls(rows, [_key(id_, width, everything) for id_ in cells.ids.tolist()], look)


def _rows_by_image(cells: TaughtCells) -> list[NDArray[np.int64]]:
    """Return the rows of the cells of each image."""
    order = np.argsort(cells.image_index, kind="stable")
    ends = np.searchsorted(cells.image_index[order], np.arange(1, len(cells.images)))
    return np.split(order, ends) if cells.images else []


def _widths(cells: TaughtCells, image: int, recipe: CropRecipe) -> NDArray[np.float64]:
    """Return what the crop of each cell spans, in level-0 pixels: (n,)."""
    described = cells.images[image]
    if described.pixel_size_um is not None:
        return np.full(len(cells), recipe.width / described.pixel_size_um)
    if len(cells) and not np.isin(cells.sources, ("image", "crop")).all():
        raise ImageError(
            f"The pixel size of {described.name or 'the image'} is not known, and the network sees cells at a fixed "
            "scale: give it."
        )
    return np.full(len(cells), float(max(described.shape)))  # a picture of one cell is its crop


def _near_each_other(
    centres: NDArray[np.float32], rows: NDArray[np.int64], most: int = BLOCK
) -> Iterator[NDArray[np.int64]]:
    """Yield rows by square of the image, at most so many at once."""
    squares = (centres[rows] // _NEAR).astype(np.int64)
    order = rows[np.lexsort((squares[:, 1], squares[:, 0]))]
    for start in range(0, len(order), most):
        yield order[start : start + most]


def _pictures(pixels: Tensor) -> NDArray[np.uint8]:
    """Return thumbnails (n, 64, 64, 3) of crops (n, 3, side, side) uint8."""
    images = pixels[:, :3]
    if images.shape[-1] != THUMBNAIL:
        scaled = functional.interpolate(images.float(), size=THUMBNAIL, mode="bilinear", antialias=True)
        images = scaled.round().clamp(0, 255).to(torch.uint8)
    found: NDArray[np.uint8] = images.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return found


def _key(cell: str, width: float, beside: bytes) -> str:
    return hashlib.blake2b(f"{cell}:{width:.3f}:".encode() + beside, digest_size=8).hexdigest()
