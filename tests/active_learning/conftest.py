"""A blood film of round cells of three colours, a network that tells nothing, and a pool of dark and bright crops."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_hemalens.active_learning.cells import PoolCells
from napari_hemalens.active_learning.embedded import Embedded
from napari_hemalens.active_learning.embedding_cache import Thumbnails
from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.records.taught_cells import TaughtCells, TaughtImage

SHADES = ((60, 30, 140), (190, 60, 60), (40, 130, 90))


@dataclass(frozen=True)
class Film:
    """An image, its cells by box and by label, and the kind of each."""

    path: Path
    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]
    kinds: NDArray[np.int64]


def _draw_film(path: Path, *, across: int = 4, seed: int = 0) -> Film:
    """Write a film of `across` x `across` cells, 12 pixels wide, at 28 pixels from each other."""
    rng = np.random.default_rng(seed)
    side = 28 * across
    y, x = np.mgrid[:side, :side]
    rgb = np.full((side, side, 3), 232) + rng.normal(0, 3, (side, side, 3))
    labels, boxes = np.zeros((side, side), np.int32), []
    kinds = rng.integers(0, 3, across**2)
    for k, kind in enumerate(kinds):
        cy, cx = (14 + 28 * i for i in divmod(k, across))
        inside = np.hypot(y + 0.5 - cy, x + 0.5 - cx) < 6
        rgb[inside] = np.array(SHADES[kind]) + rng.normal(0, 8, 3)
        labels[inside] = k + 1
        boxes.append((cy - 6, cx - 6, cy + 6, cx + 6))
    iio.imwrite(path, rgb.clip(0, 255).astype(np.uint8))
    return Film(path, np.array(boxes, np.float32), labels, kinds)


@pytest.fixture
def draw_film() -> Callable[..., Film]:
    return _draw_film


@pytest.fixture
def film(tmp_path: Path) -> Film:
    return _draw_film(tmp_path / "film.png")


@pytest.fixture
def training() -> ClassifierTraining:
    return ClassifierTraining(
        network=ClassifierRecipe(network="resnet18"),
        crop=CropRecipe(side=32),
        batch=8,
        learning_rate=0.01,
        warmup_steps=0,
        workers=0,
        precision="32-true",
        accelerator="cpu",
        balance=False,
    )


@pytest.fixture
def cells() -> PoolCells:
    """Return forty crops; those of class 1, every fourth, are dark in the middle."""
    rng = np.random.default_rng(0)
    labels = (np.arange(40) % 4 == 0).astype(np.int64)
    pixels = torch.from_numpy(rng.integers(180, 255, size=(40, 3, 48, 48), dtype=np.uint8))
    pixels[labels == 1, :, 12:36, 12:36] = 20
    return PoolCells(pixels, labels)


def _make_pool(number: int = 120, *, classes: int = 3, seed: int = 0, noise: float = 0.6) -> tuple[Embedded, Any]:
    """Return cells of classes that lie apart in 24 directions, and the class of each."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, classes, number)
    vectors = (np.eye(classes, 24)[kinds] * 3 + rng.normal(0, noise, (number, 24))).astype(np.float32)
    corners = np.array([[20 * k, 0, 20 * k + 12, 12] for k in range(number)], dtype=np.float32)
    image = TaughtImage("film", "f0", (20 * number, 12), 0.5)
    cells = TaughtCells.of_image(image, corners, np.arange(number), "box")
    nothing = np.zeros(0, dtype=np.int64)
    return Embedded(cells, vectors, Thumbnails((), nothing, nothing), "weights", "ab"), kinds


@pytest.fixture
def make_pool() -> Callable[..., tuple[Embedded, Any]]:
    return _make_pool
