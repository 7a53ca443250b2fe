"""One row of a table: a network trained and tested, or read where that was done before."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.evaluation.class_metrics import ClassMeasures, class_measures
from napari_hemalens.experiments.options import TrialKey
from napari_hemalens.experiments.splits import Partition
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.inference.labelled_crops import cut
from napari_hemalens.models.storage import save_network
from napari_hemalens.progress import Steps
from napari_hemalens.records.tasks import Task
from napari_hemalens.training.cell_crops import ROOM, CellCrops, turn_crop
from napari_hemalens.training.classification import BEST, EvaluationCrops, best_epoch_steps, choose_start_steps
from napari_hemalens.training.fit import CHECKPOINT

_FILE = "trial.json"
NETWORK = "network.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class TrialCrops:
    """Crops to train on, to choose the epoch by, and to test on, cut once for all rows.

    Attributes
    ----------
    train : CellCrops
    choose, test : Examined
    cells : mapping
        How many cells each part has, and a digest of which: a result read again is of the same cells.
    """

    train: CellCrops
    choose: EvaluationCrops
    test: EvaluationCrops
    cells: Mapping[str, Any]

    @classmethod
    def cut(cls, cells: Partition, task: Task, recipe: ClassifierTraining, *, copies: int = 1) -> "TrialCrops":
        """Cut all crops; of the cells to choose by, `copies` of each, all but the first turned, flipped and scaled."""
        choose = EvaluationCrops.cut(cells.choose, task, recipe)
        if copies > 1:
            choose = _add_copies(choose, cells.choose, recipe, copies)
        return cls(
            CellCrops(cells.train, task.classes, recipe),
            choose,
            EvaluationCrops.cut(cells.test, task, recipe),
            _describe(cells, copies),
        )

    @classmethod
    def select(cls, crops: "AllCrops", cells: Partition) -> "TrialCrops":
        """Select from crops that are already cut, so that folds need not read the images again."""
        return cls(
            crops.with_room.take(crops.find_rows(cells.train)),
            crops.select(cells.choose),
            crops.select(cells.test),
            _describe(cells, 1),
        )


class AllCrops:
    """The crops of all cells of a comparison, cut once: with room to turn for training, and exact for evaluation.

    Parameters
    ----------
    fields : sequence of NamedCells
        All cells.
    task : Task
        The question asked of each cell.
    recipe : ClassifierTraining
        Its crops are those of all rows.
    """

    def __init__(self, fields: Sequence[NamedCells], task: Task, recipe: ClassifierTraining) -> None:
        self.with_room, self.exact = CellCrops(fields, task.classes, recipe), EvaluationCrops.cut(fields, task, recipe)
        self._rows = {key: row for row, key in enumerate(_keys(fields))}

    def find_rows(self, fields: Sequence[NamedCells]) -> NDArray[np.int64]:
        """Return the indices (n,) of some cells among all."""
        return np.array([self._rows[key] for key in _keys(fields)], dtype=np.int64)

    def select(self, fields: Sequence[NamedCells]) -> EvaluationCrops:
        """Return the evaluation crops of some cells."""
        rows = self.find_rows(fields)
        return EvaluationCrops(self.exact.pixels[rows], self.exact.labels[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The result of one run of one row: probabilities of the test cells, and what they cost.

    Attributes
    ----------
    row, case : str
        Row of the table, and which of its runs: a seed, a fold.
    task : Task
        The question asked of each cell.
    probabilities : (N, K) float32
        Probability of each class in 0-1, by the epoch that was best on the cells held back.
    truth : (N,) int64
        Index of the true class.
    seconds_to_train, seconds_to_test : float or None
        Wall-clock time; None: training was interrupted and resumed.
    parameters : int
        Number of parameters of the network.
    plan : mapping
        Recipe and cells.
    """

    row: str
    case: str
    task: Task
    probabilities: NDArray[np.float32]
    truth: NDArray[np.int64]
    seconds_to_train: float | None
    seconds_to_test: float
    parameters: int
    plan: Mapping[str, Any]

    @property
    def measures(self) -> ClassMeasures:
        """Figures at a threshold of 0.5, which was not tuned on anything."""
        return class_measures(self.probabilities, self.truth, self.task.classes, positive=self.task.positive)

    @property
    def ranked(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Probabilities of the positive class (the first, if there is none), and which cells are of it."""
        of = self.task.classes.index(self.task.positive) if self.task.positive else 0
        return self.probabilities[:, of], self.truth == of


@dataclass(frozen=True, slots=True, eq=False)
class PlannedTrial:
    """A trial before it is run.

    Attributes
    ----------
    key : TrialKey
        Row and run.
    task : Task
        The question asked of each cell.
    crops : TrialCrops
        What it trains on and is tested on.
    recipe : ClassifierTraining
        Every choice of the training.
    keep_network : bool
        Whether the network is written to the trial's folder too.
    """

    key: TrialKey
    task: Task
    crops: TrialCrops
    recipe: ClassifierTraining
    keep_network: bool = False


def trial_steps(planned: PlannedTrial, folder: Path) -> Steps[Trial]:
    """Train and test one network in a folder of its own; a finished trial is read from there.

    Parameters
    ----------
    planned : PlannedTrial
        What to train.
    folder : Path
        Folder of all trials.

    Raises
    ------
    TrainingError
        If the folder holds a trial of another recipe or of other cells.
    """
    task, crops, out = planned.task, planned.crops, planned.key.folder(folder)
    recipe = yield from choose_start_steps(planned.recipe, task, out)
    plan = {"recipe": recipe.model_dump(mode="json"), "cells": dict(crops.cells)}
    if (out / _FILE).exists():
        return _read(out / _FILE, task, plan)
    afresh, start = not (out / CHECKPOINT).exists(), time.monotonic()
    network = yield from best_epoch_steps(crops.train, crops.choose, task=task, recipe=recipe, out=out)
    trained = time.monotonic()
    logits = crops.test.logits(network)
    tested = time.monotonic()
    trial = Trial(
        row=planned.key.row,
        case=planned.key.case,
        task=task,
        probabilities=logits.softmax(dim=1).numpy(),
        truth=crops.test.labels,
        seconds_to_train=round(trained - start, 2) if afresh else None,
        seconds_to_test=round(tested - trained, 3),
        parameters=sum(p.numel() for p in network.parameters()),
        plan=plan,
    )
    if planned.keep_network:
        save_network(network, out / NETWORK)
    _write(trial, out / _FILE)
    for file in (CHECKPOINT, BEST):  # a gigabyte for VGG16, and of no use any more
        (out / file).unlink(missing_ok=True)
    return _read(out / _FILE, task, plan)


def _write(trial: Trial, path: Path) -> None:
    kept = {
        "row": trial.row,
        "case": trial.case,
        "plan": trial.plan,
        "seconds_to_train": trial.seconds_to_train,
        "seconds_to_test": trial.seconds_to_test,
        "parameters": trial.parameters,
        **trial.measures.plain(),
        "truth": trial.truth.tolist(),
        "probabilities": [[round(p, 7) for p in row] for row in trial.probabilities.tolist()],
    }
    with writing(path) as file:
        file.write_text(json.dumps(kept, allow_nan=False) + "\n", encoding="utf-8")


def _read(path: Path, task: Task, plan: Mapping[str, Any]) -> Trial:
    kept = json.loads(path.read_text(encoding="utf-8"))
    recipe = ClassifierTraining.from_options(**kept["plan"]["recipe"])  # options added since then keep their defaults
    before = {**kept["plan"], "recipe": recipe.model_dump(mode="json")}
    if before != json.loads(json.dumps(plan)):
        what = "recipe" if before["cells"] == plan["cells"] else "selection of cells"
        raise TrainingError(f"{path.parent} holds a trial of another {what}; choose another folder for this one.")
    return Trial(
        row=kept["row"],
        case=kept["case"],
        task=task,
        probabilities=np.array(kept["probabilities"], dtype=np.float32),
        truth=np.array(kept["truth"], dtype=np.int64),
        seconds_to_train=kept["seconds_to_train"],
        seconds_to_test=kept["seconds_to_test"],
        parameters=kept["parameters"],
        plan=kept["plan"],
    )


def _add_copies(
    crops: EvaluationCrops, fields: Sequence[NamedCells], recipe: ClassifierTraining, copies: int
) -> EvaluationCrops:
    """Return cells with further copies of each, turned, flipped, scaled and shifted as in training."""
    wide = torch.cat([cut(field, recipe.crop, room=ROOM) for field in fields]).float() / 255
    pixels = [crops.pixels]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        for _ in range(copies - 1):
            new = torch.stack([turn_crop(crop, recipe) for crop in wide])
            pixels.append((new.clamp(0, 1) * 255).round().to(torch.uint8))
    return EvaluationCrops(torch.cat(pixels), np.tile(crops.labels, copies))


def _keys(fields: Sequence[NamedCells]) -> Iterator[tuple[Path, int]]:
    return ((field.image, number) for field in fields for number in field.ids.tolist())


def _describe(cells_by_part: Partition, copies: int) -> dict[str, Any]:
    parts = cells_by_part._asdict()
    cells = {name: sum(len(field.ids) for field in fields) for name, fields in parts.items()}
    return {**cells, "copies": copies, "digest": _digest(parts)}


def _digest(parts: Mapping[str, Sequence[NamedCells]]) -> str:
    digest = hashlib.sha256()
    for name, fields in parts.items():
        for field in fields:
            cells = sorted(zip(field.ids.tolist(), field.class_names.tolist(), strict=True))
            digest.update(f"{name} {field.image.name} {cells}\n".encode())
    return digest.hexdigest()[:16]
