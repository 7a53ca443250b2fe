"""The folder of a training run: its recipe, its losses, and the weights that come out of it."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.config.training import ClassifierTraining, Training
from napari_hemalens.errors import TrainingError

RECIPE = "recipe.json"
DATA = "data.json"
"""Beside it: a hash of what the run learns from."""

_AFTERWARDS = {"novelty_scale", "views"}


def read_recipe(out: Path) -> ClassifierTraining | None:
    """Return the recipe of the classifier run in a folder, or None if there is none."""
    file = out / RECIPE
    return ClassifierTraining.model_validate_json(file.read_text("utf-8")) if file.exists() else None


def data_hash(images: Iterable[str | Path], *known: NDArray[Any]) -> str:
    """Return a hash of what a run learns from, wherever it lies.

    Parameters
    ----------
    images : iterable of path
        The files, in order: their names and sizes count.
    known : arrays
        What is known of them, such as boxes and classes.
    """
    digest = hashlib.sha256()
    for image in dict.fromkeys(map(Path, images)):
        size = image.stat().st_size if image.is_file() else None
        digest.update(f"{image.name} {size}\n".encode("utf-8", "backslashreplace"))
    for array in known:
        digest.update(f"{array.shape} {array.dtype.str}\n".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()


def keep_recipe(recipe: Training, out: Path, data: str) -> None:
    """Write recipe and data into the run's folder; a run is resumed only with those that it was started with.

    Parameters
    ----------
    recipe : Training
        Every choice of the run.
    out : Path
        The folder.
    data : str
        Hash of what the run learns from, see `data_hash`.

    Raises
    ------
    TrainingError
        If the folder holds a run of another recipe, or on other data, that has learned something. Epochs may change: it
        may be resumed for longer; and so may what is done with the trained network.
    """
    file = out / RECIPE
    # Without any of these it was refused, or stopped, before it learned anything.
    learned = any(any(out.rglob(kind)) for kind in ("*.ckpt", "*.safetensors"))
    if file.exists() and learned:
        free = {"epochs", "least_steps", "workers", "devices", "accelerator", "checkpoint_minutes"} | _AFTERWARDS
        before = type(recipe).model_validate_json(file.read_text(encoding="utf-8"))
        if before.model_dump(exclude=free) != recipe.model_dump(exclude=free):
            raise TrainingError(f"{out} holds a run of another recipe ({RECIPE}); choose another folder for this one.")
    started = json.loads((out / DATA).read_text(encoding="utf-8")) if (out / DATA).exists() else {}
    if learned and started.get("sha256", data) != data:
        raise TrainingError(f"{out} holds a run on other data ({DATA}); choose another folder for this one.")
    with writing(out / DATA) as temporary:
        temporary.write_text(json.dumps({"sha256": data}) + "\n", encoding="utf-8")
    with writing(file) as temporary:
        temporary.write_text(recipe.model_dump_json(indent=2) + "\n", encoding="utf-8")


def plot_losses(out: Path) -> None:
    """Draw losses.csv as losses.png."""
    lines = (out / "losses.csv").read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")
    columns = list(zip(*(map(float, line.split(",")) for line in lines[1:]), strict=True))
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, column in zip(names[1:-1], columns[1:-1], strict=True):
        axes.plot(columns[0], column, label=name.removeprefix("loss_").replace("_", " "))
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.legend(frameon=False)
    with writing(out / "losses.png") as file:
        figure.savefig(file, dpi=120)
