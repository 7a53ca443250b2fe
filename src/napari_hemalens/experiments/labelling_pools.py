"""Pools of public cells to simulate an annotator on: drawn as unequal as blood is, or whole."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning.cells import PoolCells
from napari_hemalens.active_learning.rounds import SimulatedAnnotation
from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.inference.labelled_crops import cut_boxes
from napari_hemalens.training.cell_crops import ROOM
from napari_hemalens.training.public_cells import CELLAVISION, JIANGXI, MUNICH, PBC

VAL, STRANGE = "val", "another laboratory"
"""The two sets of test cells: cells of the pool's laboratory that are in no pool, and those of others."""

_SEED = 0  # of the draw of a pool, which is the same for all rows and seeds


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What a pool is drawn from, and how.

    Attributes
    ----------
    title : str
        For headings.
    laboratory : str
        Whose cells it is of: those of the parts train and choose; those of val are tested on.
    members : mapping of str to tuple of str
        Of each class, its names in the table.
    shares : mapping of str to float, optional
        Of each class, about, in the pool; None: every cell is in it.
    rare : tuple of str
        Classes whose recall is reported by itself.
    strange : tuple of str
        Laboratories that are tested on besides, with all their cells.
    floor : float, optional
        Balanced accuracy that plain ResNet18 reaches with all labels where a budget is large enough to tell anything.
    effort : float
        Factor on the steps of a budget.
    """

    title: str
    laboratory: str
    members: Mapping[str, tuple[str, ...]]
    shares: Mapping[str, float] | None = None
    rare: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    floor: float | None = None
    effort: float = 1.0


def _as_named(*names: str) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for name in names}


POOLS: Mapping[str, PoolPlan] = {
    "imbalanced": PoolPlan(
        title="five types of PBC, as unequal as in blood",
        laboratory=PBC,
        members={
            "neutrophil": ("neutrophil", "band_neutrophil", "segmented_neutrophil"),
            **_as_named("lymphocyte", "monocyte", "eosinophil", "basophil"),
        },
        shares={"neutrophil": 0.6, "lymphocyte": 0.3, "monocyte": 0.06, "eosinophil": 0.03, "basophil": 0.01},
        rare=("eosinophil", "basophil"),
        strange=(JIANGXI, CELLAVISION),
        floor=0.70,
    ),
    "whole": PoolPlan(
        title="ten types of PBC, all cells",
        laboratory=PBC,
        members=_as_named(
            *("band_neutrophil", "segmented_neutrophil", "eosinophil", "basophil", "lymphocyte", "monocyte"),
            *("metamyelocyte", "myelocyte", "promyelocyte", "erythroblast"),
        ),
        floor=0.85,
        effort=4,
    ),
    "marrow": PoolPlan(
        title="six types of Munich marrow, all cells",
        laboratory=MUNICH,
        members=_as_named(
            *("blast", "promyelocyte", "segmented_neutrophil", "eosinophil", "lymphocyte", "monocyte"),
        ),
        effort=2,
    ),
}
"""All pools by name."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnCells:
    """The cells of a pool and of its tests, and the class of each (n,) int64 as an index into `classes`."""

    classes: tuple[str, ...]
    pool: CellTable
    tests: Mapping[str, CellTable]
    plan: PoolPlan

    def labels(self, cells: CellTable) -> NDArray[np.int64]:
        """Return the class of each cell of a table (n,), an index into `classes`."""
        of_name = {name: k for k, names in enumerate(self.plan.members.values()) for name in names}
        return np.array([of_name[name] for name in cells.class_names.tolist()], dtype=np.int64)

    def digest(self) -> str:
        """Return 16 letters that change with any of the cells."""
        digest = hashlib.sha256()
        for part in (self.pool, *self.tests.values()):
            names = [image.name for image in part.images]
            digest.update(repr((names, part.boxes.tolist(), part.class_names.tolist())).encode())
        return digest.hexdigest()[:16]

    def cut(self, crop: CropRecipe) -> SimulatedAnnotation:
        """Cut all crops."""
        tests = {name: self._cells(cells, crop) for name, cells in self.tests.items()}
        return SimulatedAnnotation(self._cells(self.pool, crop), tests, len(self.classes))

    def _cells(self, cells: CellTable, crop: CropRecipe) -> PoolCells:
        return PoolCells(cut_boxes(cells, crop, room=ROOM), self.labels(cells))


def draw(plan: PoolPlan, cells: CellTable, most: int | None = None) -> DrawnCells:
    """Draw a pool and its tests from the cells of many laboratories.

    Parameters
    ----------
    plan : PoolPlan
        What to draw.
    cells : CellTable
        As `hemalens prepare nucleated` writes them.
    most : int, optional
        Most cells of the pool and of each test, for a trial of the machinery.

    Raises
    ------
    AnnotationError
        If there are no such cells, in the pool or to test on.
    """
    cells = cells.take(np.isin(cells.class_names, [name for names in plan.members.values() for name in names]))
    own, held_out = cells.laboratories == plan.laboratory, cells.parts == "val"
    parts = {"pool": cells.take(own & ~held_out), VAL: cells.take(own & held_out)}
    if plan.strange:
        parts[STRANGE] = cells.take(np.isin(cells.laboratories, plan.strange))
    for name, part in parts.items():
        if not len(part):
            raise AnnotationError(f"The table has no cells of {plan.laboratory} for the part {name!r} of the pool.")
    rng = np.random.default_rng(_SEED)
    pool = parts.pop("pool")
    pool = pool.take(_rows(plan, pool, rng)[:most])
    return DrawnCells(
        tuple(plan.members),
        pool,
        {name: part.take(rng.permutation(len(part))[:most]) for name, part in parts.items()},
        plan,
    )


def _rows(plan: PoolPlan, cells: CellTable, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the rows of a pool, in the order of chance: as many as its shares allow.

    Raises
    ------
    AnnotationError
        If a class has no cell.
    """
    of_class = {
        name: rng.permutation(np.flatnonzero(np.isin(cells.class_names, names))) for name, names in plan.members.items()
    }
    empty = [name for name, rows in of_class.items() if not len(rows)]
    if empty:
        raise AnnotationError(f"The table has no {empty[0]} of {plan.laboratory} for the pool.")
    if plan.shares is not None:
        total = min(len(of_class[name]) / share for name, share in plan.shares.items())
        of_class = {name: of_class[name][: max(1, round(share * total))] for name, share in plan.shares.items()}
    return rng.permutation(np.concatenate(list(of_class.values())))
