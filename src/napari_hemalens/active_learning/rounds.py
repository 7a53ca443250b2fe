"""Rounds of active learning: train on what is labelled, look at the rest, label what is chosen, and again.

Jiang et al. 2023, Yoo and Kweon 2019. A round that is finished is read from its file; one that was cut off is begun
again, and gives what it would have given.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn

from napari_hemalens.active_learning.acquisition import Pool, order
from napari_hemalens.active_learning.cells import PoolCells, RoundCrops
from napari_hemalens.active_learning.hard_cells import choose_copies, count_copies
from napari_hemalens.active_learning.learner import Looked, RoundLearner, look_at
from napari_hemalens.atomic import writing
from napari_hemalens.config.active_learning import RoundsRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.classifiers import CellClassifier, build_classifier
from napari_hemalens.models.loss_prediction import LossPredictingClassifier
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.standard_colours import fit_colours
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.training.fit import CHECKPOINT, fit_steps

_NETWORKS = "network-*.safetensors"
_NEVER = 1e9  # minutes between checkpoints: rounds are short, and copies would not be in one


@dataclass(frozen=True, slots=True)
class Round:
    """A round that is finished.

    Attributes
    ----------
    labelled : tuple of int
        Rows of the cells that it learned from, in the order in which they were labelled.
    chosen : tuple of int
        Rows of those that were labelled next; empty after the last round.
    probabilities : mapping of str to list of list of float
        By set of test cells, (M, K), in 0-1.
    seconds : float
        Of training and looking.
    """

    labelled: tuple[int, ...]
    chosen: tuple[int, ...]
    probabilities: Mapping[str, list[list[float]]]
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedAnnotation:
    """A pool whose labels are known but kept back, and cells to test on after each round.

    Attributes
    ----------
    pool : PoolCells
        What is labelled from; labels of cells that are not labelled yet are not looked at.
    tests : mapping of str to PoolCells
        Nothing is chosen on them.
    classes : int
        K.
    """

    pool: PoolCells
    tests: Mapping[str, PoolCells]
    classes: int


def rounds_steps(cells: SimulatedAnnotation, recipe: RoundsRecipe, out: Path) -> Steps[tuple[Round, ...]]:
    """Run all rounds; yields after every step of training.

    Parameters
    ----------
    cells : SimulatedAnnotation
        Pool and tests.
    recipe : RoundsRecipe
        Every choice.
    out : Path
        Folder of the rounds; those that are finished there are read.

    Raises
    ------
    RecipeError
        If options contradict each other, or the first round would be of no cell.
    """
    check(recipe)
    sizes = [round(share * len(cells.pool)) for share in recipe.shares]
    if not sizes[0]:
        raise RecipeError(f"A share of {recipe.shares[0]:g} of {len(cells.pool)} cells is none.")
    run, finished = _RoundsRun(cells, recipe, out), list[Round]()
    labelled = run.by_chance()[: sizes[0]]
    for number, size in enumerate(sizes):
        file = out / f"round-{number + 1}.json"
        if not file.exists():
            further = sizes[number + 1] - size if number + 1 < len(sizes) else 0
            done = yield from run.round_steps(labelled, number, further)
            with writing(file) as whole:
                whole.write_text(json.dumps(asdict(done)) + "\n", encoding="utf-8")
        finished.append(_read(file))
        labelled = np.array([*finished[-1].labelled, *finished[-1].chosen], dtype=np.int64)
    for file in out.glob(_NETWORKS):
        file.unlink()
    return tuple(finished)


def check(recipe: RoundsRecipe) -> None:
    """Refuse options that contradict each other.

    Raises
    ------
    RecipeError
        If a LossNet is needed and there is none, it cannot pair the cells of a batch, shares do not grow, or labels
        are used that are not there.
    """
    if not recipe.loss_net and (recipe.strategy == "loss" or recipe.hard):
        what = "Strategy 'loss'" if recipe.strategy == "loss" else f"Option 'hard' = {recipe.hard:g}"
        raise RecipeError(f"{what} needs predicted losses: loss_net = true.")
    if recipe.loss_net and recipe.training.batch % 2:
        raise RecipeError(
            f"A LossNet compares the cells of a batch in pairs; got a batch of {recipe.training.batch}: choose an even "
            "one."
        )
    shares = (0.0, *recipe.shares)
    if any(later <= before for before, later in pairwise(shares)) or shares[-1] > 1:
        raise RecipeError(f"Shares grow from above 0 to at most 1; got {', '.join(f'{s:g}' for s in recipe.shares)}.")


def _read(file: Path) -> Round:
    kept = json.loads(file.read_text(encoding="utf-8"))
    return Round(tuple(kept["labelled"]), tuple(kept["chosen"]), kept["probabilities"], kept["seconds"])


@dataclass(frozen=True, slots=True, eq=False)
class _RoundsRun:
    """Pool, options and folder of all rounds."""

    cells: SimulatedAnnotation
    recipe: RoundsRecipe
    out: Path

    def by_chance(self) -> NDArray[np.int64]:
        """Return all rows of the pool in the order of chance: that of a seed, whatever the strategy."""
        return np.random.default_rng(self.recipe.training.seed).permutation(len(self.cells.pool))

    def round_steps(self, labelled: NDArray[np.int64], number: int, further: int) -> Steps[Round]:
        """Train on some cells, test, and choose further ones."""
        begun, side = time.monotonic(), self.recipe.training.crop.side
        network = yield from self._train_steps(labelled, number)
        said = {
            name: look_at(network, of, np.arange(len(of)), side).probabilities for name, of in self.cells.tests.items()
        }
        chosen = self._choose(network, labelled, number, further) if further else np.array([], dtype=np.int64)
        return Round(
            labelled=tuple(labelled.tolist()),
            chosen=tuple(chosen.tolist()),
            probabilities={name: np.round(p.astype(np.float64), 5).tolist() for name, p in said.items()},
            seconds=round(time.monotonic() - begun, 1),
        )

    def _train_steps(self, labelled: NDArray[np.int64], number: int) -> Steps[nn.Module]:
        recipe, pool = self.recipe, self.cells.pool
        network = self._network(number)
        images = RoundCrops(pool, labelled, recipe.training)
        copies = count_copies(len(labelled), hard=recipe.hard, copies=recipe.copies)
        # Before the first epoch nothing is known of the cells: which are hard is chance.
        images.copied = np.random.default_rng(recipe.training.seed).choice(labelled, copies)
        an_epoch = max(1, len(images) // recipe.training.batch)
        # The loop counts in epochs, and rounds up.
        training = recipe.training.model_copy(
            update={"epochs": (recipe.steps - 0.5) / an_epoch, "checkpoint_minutes": _NEVER}
        )
        (self.out / CHECKPOINT).unlink(missing_ok=True)
        learner = RoundLearner(network, recipe)
        for step in fit_steps(learner, images, training, self.out, normalised=normalised):
            if copies and step.done % an_epoch == 0:
                looked = look_at(network, pool, labelled, training.crop.side)
                images.copied = labelled[self._hard(looked, labelled)]
            yield Progress(step.done, step.total, f"{len(labelled)} labels, {step.message}")
        (self.out / CHECKPOINT).unlink(missing_ok=True)
        if not recipe.afresh:
            with writing(self._network_of(number)) as file:
                save_file({name: value.cpu().contiguous() for name, value in network.state_dict().items()}, file)
        return network

    def _network(self, number: int) -> CellClassifier | LossPredictingClassifier:
        """Return the network that a round begins with."""
        training = self.recipe.training
        torch.manual_seed(training.seed)
        size = {"input_size": training.crop.side, "input_channels": training.crop.channels}
        built = build_classifier(training.network.model_copy(update=size), self.cells.classes)
        fit_colours(built, self.cells.pool.pixels)
        network = LossPredictingClassifier(built) if self.recipe.loss_net else built
        if number and not self.recipe.afresh:
            network.load_state_dict(load_file(self._network_of(number - 1)))
        return network

    def _network_of(self, number: int) -> Path:
        return self.out / _NETWORKS.replace("*", str(number + 1))

    def _hard(self, looked: Looked, labelled: NDArray[np.int64]) -> NDArray[np.int64]:
        if looked.losses is None:
            raise RecipeError("Copies of hard cells need predicted losses: loss_net = true.")
        labels = self.cells.pool.labels[labelled]
        return choose_copies(looked.losses, labels, hard=self.recipe.hard, copies=self.recipe.copies)

    def _choose(self, network: nn.Module, labelled: NDArray[np.int64], number: int, further: int) -> NDArray[np.int64]:
        """Return the rows to label next, of all unlabelled ones or of a share of them."""
        rest = self.by_chance()
        rest = rest[~np.isin(rest, labelled)]
        if self.recipe.strategy == "random":
            return rest[:further]  # so that two networks that are compared learn from the same cells
        if self.recipe.scored < 1:
            rng = np.random.default_rng([self.recipe.training.seed, number])
            rest = rng.permutation(rest)[: max(further, round(self.recipe.scored * len(rest)))]
        rows = np.concatenate([labelled, np.sort(rest)])
        looked = look_at(network, self.cells.pool, rows, self.recipe.training.crop.side)
        pool = Pool(looked.embeddings, looked.probabilities, np.arange(len(labelled)), looked.losses)
        return rows[order(self.recipe.strategy, pool, further)]
