"""The folder of a training run: its recipe, its losses, and the weights that come out of it."""

from pathlib import Path

from matplotlib.figure import Figure

from napari_hemalens.atomic import writing
from napari_hemalens.config.training import ClassifierTraining, Training
from napari_hemalens.errors import TrainingError

RECIPE = "recipe.json"


def read_start(out: Path) -> str | None:
    """Return the `start` of the classifier run in a folder, or None if there is none."""
    file = out / RECIPE
    return ClassifierTraining.model_validate_json(file.read_text("utf-8")).network.start if file.exists() else None


def keep_recipe(recipe: Training, out: Path) -> None:
    """Write the recipe into the run's folder; a run is resumed only with the recipe it was started with.

    Raises
    ------
    TrainingError
        If the folder holds a run of another recipe. Epochs may change: a run may be resumed for longer.
    """
    file = out / RECIPE
    if file.exists():
        free = {"epochs", "workers", "devices", "accelerator", "checkpoint_minutes"}
        before = type(recipe).model_validate_json(file.read_text(encoding="utf-8"))
        if before.model_dump(exclude=free) != recipe.model_dump(exclude=free):
            raise TrainingError(f"{out} holds a run of another recipe ({RECIPE}); choose another folder for this one.")
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
