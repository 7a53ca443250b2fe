"""The training loop: a generator on Lightning Fabric.

Fabric brings mixed precision and several devices. It is used instead of the Trainer so that training is what every
long operation here is: steps that a command line, a widget or a script can watch and stop. A run that was killed
resumes from its last checkpoint with the images it would have seen next.
"""

import csv
import math
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning.fabric import Fabric
from lightning.fabric.plugins import MixedPrecision
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from napari_hemalens.atomic import writing
from napari_hemalens.config.training import Training
from napari_hemalens.errors import TrainingError
from napari_hemalens.progress import Progress, Steps, counted
from napari_hemalens.training.datasets import Draws, Target, collate

CHECKPOINT = "last.ckpt"
_UNUSABLE = (pickle.UnpicklingError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError)
"""What a checkpoint raises that is damaged, hostile, or of another program."""
_LOG_EVERY = 20  # steps that a line of losses.csv averages over
_STEPS_APART = 1_000_003  # seeds of steps: more than a run has


class TrainingImages(Protocol):
    """Images and targets by (index, seed)."""

    def __len__(self) -> int: ...

    def __getitem__(self, draw: tuple[int, int], /) -> tuple[Tensor, Target]: ...


@dataclass(slots=True)
class LossLog:
    """Mean losses by step, in memory and as losses.csv."""

    rows: list[dict[str, float]] = field(default_factory=list)
    _since: list[dict[str, float]] = field(default_factory=list)

    def add(self, step: int, losses: Mapping[str, Tensor], rate: float, *, last: bool) -> None:
        """Add the losses of one step; every 20 steps and after the last one, their means become a row."""
        self._since.append({name: float(value.detach()) for name, value in losses.items()})
        if step % _LOG_EVERY == 0 or last:
            means = {name: sum(row[name] for row in self._since) / len(self._since) for name in self._since[0]}
            total = sum(means.values())
            self.rows.append({"step": step, **means, "total": total, "learning_rate": rate})
            self._since.clear()

    def save(self, path: Path) -> None:
        """Write every row so far."""
        if not self.rows:
            return
        with writing(path) as file, file.open("w", newline="", encoding="utf-8") as out:
            table = csv.DictWriter(out, self.rows[0].keys())
            table.writeheader()
            table.writerows(self.rows)


def learning_rate_factor(step: int, total: int, recipe: Training) -> float:
    """Return the factor of the learning rate at a step: linear warm-up, level or stepwise, linear decay to 1 %."""
    warm = min(1.0, (step + 1) / max(1, recipe.warmup_steps))
    falling_from = recipe.decay_from * total
    left = (total - step) / max(1.0, total - falling_from)
    stairs = 0.1 ** (step * recipe.epochs // (total * recipe.decay_every)) if recipe.decay_every else 1.0
    return warm * stairs * min(1.0, max(0.01, left))


def fit_steps(
    network: nn.Module,
    images: TrainingImages,
    recipe: Training,
    out: Path,
    *,
    normalised: Callable[[Tensor], Tensor],
) -> Steps[nn.Module]:
    """Train a network; yields after every step, returns it, trained: the average of its weights, if the recipe asks so.

    The `partial` result of a step is its loss. A resumed run first yields the step that it is at: what is done after an
    epoch may not have been.

    Parameters
    ----------
    network : Module
        Maps normalised images and targets to a dictionary of losses.
    images : TrainingImages
        Training images and targets, indexed by (index, seed).
    recipe : Training
        Every choice of the run, of a detector or a classifier.
    out : Path
        Folder for `last.ckpt` and `losses.csv`. A run with a checkpoint there is resumed; one that is closed writes it.
    normalised : callable
        Maps uint8 images (N, C, H, W) to the floats that the network takes.

    Raises
    ------
    TrainingError
        If a loss is not finite, or there are fewer images than one step takes.
    """
    loop = _TrainingLoop(network, images, recipe, out, normalised=normalised)
    loop.resume()
    if loop.step:
        yield Progress(loop.step, loop.total, "resumed", reused=True)
    while loop.step < loop.total:
        for pixels, targets in loop.rest_of_epoch():
            loss = loop.train_on(pixels, targets)
            try:
                yield Progress(loop.step, loop.total, f"loss {loss:.3f}", float(loss))
            except GeneratorExit:
                if loop.fabric.world_size == 1:  # several processes save together or not at all
                    loop.save_checkpoint()
                raise
            if loop.step >= loop.total:
                break
    loop.save_checkpoint()
    loop.settle(network)
    return network


class _Autocast(MixedPrecision):
    """Mixed precision that leaves inputs alone: at a bfloat16's 8 bits, boxes are pixels off."""

    def convert_input(self, data: Any) -> Any:
        """Return `data` as it is; autocast casts what each operation needs."""
        return data


def build_fabric(recipe: Training) -> Fabric:
    """Return Lightning Fabric with the devices and the precision of a recipe."""
    # check_available: a CUDA build names a GPU even where there is none.
    found = torch.accelerator.current_accelerator(check_available=True)
    device = "cpu" if found is None or recipe.accelerator == "cpu" else found.type
    precision = recipe.precision
    if precision == "auto":
        natively = device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        precision = "bf16-mixed" if natively else "32-true"
    if precision == "32-true":
        return Fabric(accelerator=recipe.accelerator, devices=recipe.devices, precision="32-true")
    plugin = _Autocast(precision, device)
    return Fabric(accelerator=recipe.accelerator, devices=recipe.devices, plugins=[plugin])


def _optimizer(network: nn.Module, recipe: Training) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    momentum = recipe.momentum
    return torch.optim.SGD(network.parameters(), rate, momentum, weight_decay=decay, nesterov=momentum > 0)


def _average(network: nn.Module, recipe: Training) -> AveragedModel | None:
    """Return what averages the weights and the running statistics of a network over the steps (Polyak averaging)."""
    if not recipe.average:
        return None
    return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.average), use_buffers=True)


def _steps_per_epoch(images: int, batch: int) -> int:
    if images < batch:
        few = counted(images, "image is", "images are")
        how = f"lower `batch` (--set batch={images})"
        raise TrainingError(f"{few} fewer than the {batch} of one step on all devices; {how}.")
    return images // batch


class _TrainingLoop:
    """The state of one training run: network, optimiser, step and losses so far."""

    def __init__(
        self,
        network: nn.Module,
        images: TrainingImages,
        recipe: Training,
        out: Path,
        *,
        normalised: Callable[[Tensor], Tensor],
    ) -> None:
        self.fabric, self.images, self.recipe, self.out = build_fabric(recipe), images, recipe, out
        self.fabric.launch()
        self.fabric.seed_everything(recipe.seed, verbose=False)
        self.steps_per_epoch = _steps_per_epoch(len(images), recipe.batch * self.fabric.world_size)
        self.total = max(1, recipe.least_steps, math.ceil(recipe.epochs * self.steps_per_epoch))
        self.step = 0
        self.log = LossLog()
        self.normalised = normalised
        network.train().to(memory_format=torch.channels_last)
        self.network, self.optimizer = self.fabric.setup(network, _optimizer(network, recipe))
        self.average = _average(self.network.module, recipe)  # now that it is where it will be trained
        self.schedule = LambdaLR(self.optimizer, lambda step: learning_rate_factor(step, self.total, recipe))
        self.saved_at = time.monotonic()

    def resume(self) -> None:
        """Resume from the checkpoint in the folder, if there is one."""
        checkpoint = self.out / CHECKPOINT
        if not checkpoint.exists():
            return
        state: dict[str, Any] = {"network": self.network, "optimizer": self.optimizer}
        if self.average is not None:
            state["average"] = self.average
        try:
            rest = self.fabric.load(
                checkpoint, state, weights_only=True
            )  # what is no tensor or number is not unpickled
            self.step = int(rest["step"])
            self.log.rows = list(rest["losses"])
            self.schedule.load_state_dict(rest["schedule"])
        except _UNUSABLE as error:
            said = type(error).__name__
            raise TrainingError(
                f"{checkpoint} is damaged, or of another program ({said}); delete it to begin anew."
            ) from error

    def rest_of_epoch(self) -> Any:
        """Return the loader of the rest of the current epoch."""
        epoch, done = divmod(self.step, self.steps_per_epoch)
        share = self.recipe.batch * self.fabric.world_size
        draws = Draws(
            len(self.images),
            seed=self.recipe.seed,
            epoch=epoch,
            start=done * share,
        )
        loader: DataLoader[tuple[Tensor, Target]] = DataLoader(
            self.images,  # type: ignore[arg-type] # all that a loader needs is __len__ and __getitem__
            batch_size=self.recipe.batch,
            sampler=draws,
            num_workers=self.recipe.workers,
            collate_fn=collate,
            drop_last=True,
            pin_memory=self.fabric.device.type == "cuda",
        )
        return self.fabric.setup_dataloaders(loader)

    def train_on(self, pixels: Tensor, targets: Sequence[Target]) -> float:
        """Take one step and return the loss."""
        # Dropout and the choice of regions follow from the step alone, also in a run that was killed and resumed.
        torch.manual_seed(self.recipe.seed * _STEPS_APART + self.step)
        images = self.normalised(pixels).contiguous(memory_format=torch.channels_last)
        losses = self.network(images, list(targets))
        total = torch.stack(list(losses.values())).sum()
        if not torch.isfinite(total):
            parts = ", ".join(f"{name} {value.item():.3g}" for name, value in losses.items())
            raise TrainingError(
                f"The loss is not finite at step {self.step} ({parts}); lower `learning_rate`, "
                f"and start again from {self.out / CHECKPOINT}."
            )
        self.fabric.backward(total)
        self.fabric.clip_gradients(self.network, self.optimizer, max_norm=self.recipe.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average is not None:
            self.average.update_parameters(self.network.module)
        self.step += 1
        rate = float(self.schedule.get_last_lr()[0])
        self.log.add(self.step, losses, rate, last=self.step == self.total)
        self.schedule.step()
        if time.monotonic() - self.saved_at > 60 * self.recipe.checkpoint_minutes:
            self.save_checkpoint()
        return float(total.detach())

    def settle(self, network: nn.Module) -> None:
        """Fill the network with the average of its weights, if they are averaged."""
        if self.average is not None:
            network.load_state_dict(self.average.module.state_dict())

    def save_checkpoint(self) -> None:
        """Write the checkpoint and the losses, each whole or not at all."""
        state = {
            "network": self.network,
            "optimizer": self.optimizer,
            "schedule": self.schedule.state_dict(),
            "step": self.step,
            "losses": self.log.rows,
        }
        if self.average is not None:
            state["average"] = self.average
        if self.fabric.world_size > 1:  # every process takes part in saving
            self.fabric.save(self.out / CHECKPOINT, state)
        else:
            with writing(self.out / CHECKPOINT) as file:
                self.fabric.save(file, state)
        if self.fabric.is_global_zero:
            self.log.save(self.out / "losses.csv")
        self.saved_at = time.monotonic()
