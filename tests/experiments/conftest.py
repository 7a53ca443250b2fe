"""What the comparisons of detectors, and of ways to choose what to label, are tested on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_hemalens.active_learning.cells import PoolCells
from napari_hemalens.active_learning.rounds import SimulatedAnnotation
from napari_hemalens.experiments.labelling_pools import POOLS, DrawnCells, draw
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.progress import finish
from napari_hemalens.rendering.dataset import render_fields_steps


@pytest.fixture(scope="session")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six rendered fields as train, and the same as val: this tests the machinery, not the networks."""
    folder = tmp_path_factory.mktemp("fields")
    finish(render_fields_steps(folder, fields=6, shape=(160, 160), pixel_size_um=0.15, tissue="marrow", seed=1))
    (folder / "val.json").write_bytes((folder / "train.json").read_bytes())
    return folder


BLOOD = {
    "segmented_neutrophil": 300,
    "band_neutrophil": 300,
    "lymphocyte": 400,
    "monocyte": 200,
    "eosinophil": 200,
    "basophil": 200,
}


@pytest.fixture
def smear_table() -> Callable[..., CellTable]:
    """Return what makes a table of PBC, so many cells of each class and one of each in val, and three strange cells."""

    def made(**counts: int) -> CellTable:
        counts = {**BLOOD, **counts}
        names = [name for name, count in counts.items() for _ in range(count)]
        rows = [(name, "PBC", "train" if k % 5 else "choose") for k, name in enumerate(names)]
        rows += [(name, "PBC", "val") for name in counts]
        rows += [("neutrophil", "CellaVision", "train"), ("blast", "Munich", "train"), ("blast", "PBC", "train")]
        classes, laboratories, parts = (np.array(column) for column in zip(*rows, strict=True))
        images = np.array([Path(f"{k}.png") for k in range(len(rows))], dtype=object)
        boxes, sizes = np.tile(np.float32([0, 0, 9, 9]), (len(rows), 1)), np.ones(len(rows), np.float32)
        return CellTable(images, boxes, sizes, classes, laboratories, laboratories, parts)

    return made


@pytest.fixture
def blood(smear_table: Callable[..., CellTable]) -> DrawnCells:
    """A pool of a thousand cells of five types, as unequal as in blood."""
    return draw(POOLS["imbalanced"], smear_table())


@pytest.fixture
def blank() -> Callable[[DrawnCells], SimulatedAnnotation]:
    """Return what cuts crops without anything on them."""

    def cut(drawn: DrawnCells) -> SimulatedAnnotation:
        parts = {
            name: PoolCells(torch.zeros((len(cells), 3, 1, 1), dtype=torch.uint8), drawn.labels(cells))
            for name, cells in {"pool": drawn.pool, **drawn.tests}.items()
        }
        return SimulatedAnnotation(parts.pop("pool"), parts, len(drawn.classes))

    return cut
