"""`hemalens train classification` and `evaluate classification`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import Device, Out, evaluate_app, out_console, run, train_app
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.config.presets import CLASSIFICATION, training_recipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.records.tasks import TASKS


class TaskOption(StrEnum):
    """What is asked of each cell, or of a whole field."""

    MICRONUCLEUS = "micronucleus"
    ALL = "all"
    LEUKOCYTE = "leukocyte"
    FIELD = "field"


Cells = Annotated[
    list[Path],
    typer.Option(help="Folder of label images with tables of classes (train.csv, val.csv), or C-NMC 2019; repeatable."),
]
RecipeOption = Annotated[
    str | None, typer.Option(help=f"Of {', '.join(CLASSIFICATION)}, or a TOML file; by default the task's.")
]


@train_app.command("classification")
def train_classification(
    data: Cells,
    out: Out,
    *,
    task: Annotated[TaskOption, typer.Option(help="What is asked of each cell.")] = TaskOption.MICRONUCLEUS,
    recipe: RecipeOption = None,
    name: Annotated[str, typer.Option(help="What the weights are called.")] = "my-classifier",
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help="Change the recipe.")
    ] = None,
    about: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=TEXT", help="For the model card: data=…, licence=…, description=…"),
    ] = None,
) -> None:
    """Train a classifier of single cells; run again with the same folder, it goes on from the last checkpoint."""
    card = run(
        workflows.train_classification_steps(
            data,
            training_recipe(recipe or task.value, options or (), presets=CLASSIFICATION),
            out,
            task_name=task.value,
            name=name,
            about=dict(note.split("=", 1) for note in about or () if "=" in note),
        ),
        "Training",
    )
    figures = "  ".join(f"{key} {card.metrics[key]:.3f}" for key in ("AUC", "AP", "F1", "balanced accuracy"))
    out_console.print(f"{card.name} on {card.metrics['cells']:,} cells of val: {figures}")
    out_console.print(f"Use it with: --weights {escape(str(card.file))}")


@evaluate_app.command("classification")
def evaluate_classification(
    data: Annotated[Path, typer.Option(help="Folder of label images with a table of classes, or C-NMC 2019.")],
    *,
    split: Annotated[str, typer.Option(help="Part of the data.")] = "val",
    weights_name: Annotated[
        str | None,
        typer.Option("--weights", help="Packed weights by name, or a file of your own; by default those of the task."),
    ] = None,
    task: Annotated[TaskOption | None, typer.Option(help="By default that of the weights.")] = None,
    device: Device = Device.AUTO,
    perturb: Annotated[
        str | None,
        typer.Option(
            help="stain, background or focus: change what should not matter to the class, and see whether it does."
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only images of such a name, as in 'early-*'; repeatable.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for figures and pictures.")] = None,
) -> None:
    """Print how good the weights are on cells whose class is known, per class."""
    if task is None and weights_name is None:
        raise RecipeError(f"Give --weights, or --task: {', '.join(TASKS)}.")
    recipe = ClassificationRecipe.from_options(
        task=task.value if task else classifier_card(str(weights_name)).task, weights=weights_name, device=device.value
    )
    steps = workflows.evaluate_classification_steps(
        data, recipe, split=split, out=out, perturbation=perturb, only=only or ()
    )
    report = run(steps, "Evaluating")
    out_console.print(escape(report.text()))
    if out is not None:
        out_console.print(f"Written to {escape(str(out))}")
