"""The training loop: a generator on Lightning Fabric.

Fabric brings mixed precision and several devices.
Fabric rather than the Trainer, so that training is what every long operation here is: steps that a
command line, a widget or a script can watch and stop. A run that was killed goes on from its last
checkpoint with the images it would have seen.
"""

import csv
import math
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
from torch.utils.data import DataLoader

from napari_hemalens.atomic import writing
from napari_hemalens.config.training import Training
from napari_hemalens.errors import TrainingError
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.training.datasets import Draws, Target, collate

CHECKPOINT = "last.ckpt"
_LOG_EVERY = 20  # steps a line of losses.csv averages over


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
        """Take in the losses of one step; every 20 and after the last one, they become a row."""
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
    """Return the share of the full rate at a step: up in a line, level or in stairs, down in a line to 1 %."""
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
    """Train a network; yields after every step, returns it, trained.

    Parameters
    ----------
    network : Module
        Maps normalised images and targets to a dictionary of losses.
    images : TrainingImages
        Training images and targets, indexed by (index, seed).
    recipe : DetectionTraining
        Every choice of the run.
    out : Path
        Folder for `last.ckpt` and `losses.csv`. A checkpoint found there is gone on from.
    normalised : callable
        What makes of uint8 images (N, C, H, W) the floats that the network takes.

    Raises
    ------
    TrainingError
        If a loss is not finite; the last checkpoint is from before.
    """
    fabric = build_fabric(recipe)
    fabric.launch()
    fabric.seed_everything(recipe.seed, verbose=False)
    steps = _steps_an_epoch(len(images), recipe.batch * fabric.world_size)
    run = _TrainingLoop(fabric, network, recipe, normalised=normalised, out=out, steps_an_epoch=steps)
    run.resume()
    while run.step < run.total:
        for pixels, targets in run.rest_of_epoch(images):
            loss = run.train_on(pixels, targets)
            yield Progress(run.step, run.total, f"loss {loss:.3f}")
            if run.step >= run.total:
                break
    run.keep()
    return network


class _Autocast(MixedPrecision):
    """Mixed precision that leaves inputs alone: at a bfloat16's 8 bits, boxes are pixels off."""

    def convert_input(self, data: Any) -> Any:
        """Return `data` as it is; autocast casts what each operation needs."""
        return data


def build_fabric(recipe: Training) -> Fabric:
    """Return the devices and the precision that a recipe asks for."""
    # Asked to check: a build for CUDA names a GPU also where there is none.
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


def _steps_an_epoch(images: int, a_step: int) -> int:
    if images < a_step:
        raise TrainingError(f"{images} images are fewer than the {a_step} of one step on all devices; lower `batch`.")
    return images // a_step


class _TrainingLoop:
    """What one training run holds: network, optimiser, where it is, and what it lost on the way."""

    def __init__(
        self,
        fabric: Fabric,
        network: nn.Module,
        recipe: Training,
        *,
        normalised: Callable[[Tensor], Tensor],
        out: Path,
        steps_an_epoch: int,
    ) -> None:
        self.fabric, self.recipe, self.out = fabric, recipe, out
        self.steps_an_epoch = steps_an_epoch
        self.total = max(1, math.ceil(recipe.epochs * steps_an_epoch))
        self.step = 0
        self.log = LossLog()
        self.normalised = normalised
        network.train().to(memory_format=torch.channels_last)
        self.network, self.optimizer = fabric.setup(network, _optimizer(network, recipe))
        self.schedule = LambdaLR(self.optimizer, lambda step: learning_rate_factor(step, self.total, recipe))
        self.kept_at = time.monotonic()

    def resume(self) -> None:
        """Go on from the folder's checkpoint, if there is one."""
        checkpoint = self.out / CHECKPOINT
        if not checkpoint.exists():
            return
        state: dict[str, Any] = {"network": self.network, "optimizer": self.optimizer}
        rest = self.fabric.load(checkpoint, state)
        self.step = int(rest["step"])
        self.log.rows = list(rest["losses"])
        self.schedule.load_state_dict(rest["schedule"])

    def rest_of_epoch(self, images: TrainingImages) -> Any:
        """Return the loader of what is left of the current epoch."""
        epoch, done = divmod(self.step, self.steps_an_epoch)
        share = self.recipe.batch * self.fabric.world_size
        draws = Draws(
            len(images),
            seed=self.recipe.seed,
            epoch=epoch,
            start=done * share,
        )
        loader: DataLoader[tuple[Tensor, Target]] = DataLoader(
            images,  # type: ignore[arg-type] # all that a loader needs is __len__ and __getitem__
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
        self.step += 1
        rate = float(self.schedule.get_last_lr()[0])
        self.log.add(self.step, losses, rate, last=self.step == self.total)
        self.schedule.step()
        if time.monotonic() - self.kept_at > 60 * self.recipe.checkpoint_minutes:
            self.keep()
        return float(total.detach())

    def keep(self) -> None:
        """Write the checkpoint and the losses, whole or not at all."""
        state = {
            "network": self.network,
            "optimizer": self.optimizer,
            "schedule": self.schedule.state_dict(),
            "step": self.step,
            "losses": self.log.rows,
        }
        if self.fabric.world_size > 1:  # every process takes part in saving
            self.fabric.save(self.out / CHECKPOINT, state)
        else:
            with writing(self.out / CHECKPOINT) as file:
                self.fabric.save(file, state)
        if self.fabric.is_global_zero:
            self.log.save(self.out / "losses.csv")
        self.kept_at = time.monotonic()
