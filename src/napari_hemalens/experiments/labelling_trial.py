"""One row of the comparison of ways to choose what to label, under one seed: its rounds, and how each does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning.rounds import Round, SimulatedAnnotation, rounds_steps
from napari_hemalens.atomic import writing
from napari_hemalens.config.active_learning import RoundsRecipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.evaluation.class_metrics import class_measures
from napari_hemalens.experiments.labelling_pools import DrawnCells
from napari_hemalens.experiments.options import TrialKey
from napari_hemalens.progress import Steps

MEASURES = ("accuracy", "balanced accuracy", "F1", "rare recall", "lowest recall")
"""In 0-1: F1 is the mean over classes, rare recall the mean over rare classes, where a pool has some."""

_PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class LabelledRound:
    """How a network does with so many labels.

    Attributes
    ----------
    share : float
        Of the pool.
    labels : int
        Number of labelled cells.
    by_class : mapping of str to int
        How many of each class.
    figures : mapping of str to mapping
        By set of test cells, each of MEASURES that is defined, and of each class its `recall`.
    seconds : float
        Of training and looking.
    """

    share: float
    labels: int
    by_class: Mapping[str, int]
    figures: Mapping[str, Mapping[str, float]]
    seconds: float


@dataclass(frozen=True, slots=True)
class LabellingTrial:
    """All rounds of one row under one seed."""

    row: str
    case: str
    rounds: tuple[LabelledRound, ...]


def trial_steps(
    drawn: DrawnCells, cells: SimulatedAnnotation, recipe: RoundsRecipe, *, key: TrialKey, folder: Path
) -> Steps[LabellingTrial]:
    """Run the rounds of one row, or what is left of them.

    Parameters
    ----------
    drawn : DrawnCells
        Which cells.
    cells : SimulatedAnnotation
        Their crops.
    recipe : RoundsRecipe
        Every choice.
    key : TrialKey
        Row and seed.
    folder : Path
        Of all trials.

    Raises
    ------
    TrainingError
        If the folder holds a trial of another recipe or of other cells.
    """
    out = key.folder(folder)
    _keep_plan({"recipe": recipe.model_dump(mode="json"), "cells": drawn.digest()}, out)
    finished = yield from rounds_steps(cells, recipe, out)
    rounds = [_measured(drawn, cells, done, share) for done, share in zip(finished, recipe.shares, strict=True)]
    return LabellingTrial(key.row, key.case, tuple(rounds))


def _keep_plan(plan: Mapping[str, Any], out: Path) -> None:
    file = out / _PLAN
    if not file.exists():
        with writing(file) as whole:
            whole.write_text(json.dumps(plan, indent=2) + "\n", encoding="utf-8")
    kept = json.loads(file.read_text(encoding="utf-8"))
    for part in ("recipe", "cells"):
        if kept[part] != json.loads(json.dumps(plan[part])):
            other = {"recipe": "another recipe", "cells": "other cells"}[part]
            raise TrainingError(f"{out} holds a trial of {other}; choose another folder for this one.")


def _measured(drawn: DrawnCells, cells: SimulatedAnnotation, done: Round, share: float) -> LabelledRound:
    counts = np.bincount(cells.pool.labels[list(done.labelled)], minlength=len(drawn.classes))
    return LabelledRound(
        share=share,
        labels=len(done.labelled),
        by_class=dict(zip(drawn.classes, counts.tolist(), strict=True)),
        figures={
            name: figures_of(np.array(done.probabilities[name], dtype=np.float32), of.labels, drawn)
            for name, of in cells.tests.items()
        },
        seconds=done.seconds,
    )


def figures_of(probabilities: NDArray[np.float32], truth: NDArray[np.int64], drawn: DrawnCells) -> dict[str, float]:
    """Return MEASURES, as far as they are defined, and the recall of each class that is there.

    Parameters
    ----------
    probabilities : (N, K) float32
        In 0-1.
    truth : (N,) int64
        Index of the true class.
    drawn : DrawnCells
        Its classes, and which of them are rare.
    """
    measured = class_measures(probabilities, truth, drawn.classes)
    recall = {name: row["recall"] for name, row in measured.classes.items() if row["cells"]}
    figures = {name: measured.overall[name] for name in ("accuracy", "balanced accuracy", "F1")}
    rare = [recall[name] for name in drawn.plan.rare if name in recall]
    if rare:
        figures["rare recall"] = sum(rare) / len(rare)
    figures["lowest recall"] = min(recall.values())
    return {**figures, **{f"recall of {name}": value for name, value in recall.items()}}
