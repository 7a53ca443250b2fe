"""`hemalens classify`, `train classification` and `evaluate classification`."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import (
    app,
    cluster_of,
    err_console,
    evaluate_app,
    go_on_from,
    new_weights,
    out_console,
    parts_of,
    run,
    say_figures,
    say_of_batch,
    train_app,
    train_further_from,
)
from napari_hemalens.cli.options import (
    SET,
    Channel,
    Device,
    FrameName,
    Images,
    LabelImages,
    Out,
    Precision,
    Relabel,
    Replace,
    Runtime,
    Scheduler,
    StatedPixelSize,
    Views,
    Workers,
    free,
)
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.config.presets import CLASSIFICATION, training_recipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.formats.naming import typed
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import counted
from napari_hemalens.records.notes import pooled_notes
from napari_hemalens.records.tasks import TASKS, TaskName
from napari_hemalens.reports.class_tables import CLASS_FORMATS
from napari_hemalens.reports.classes import summary_text
from napari_hemalens.reports.design import read_design
from napari_hemalens.slides.open import images_in
from napari_hemalens.workflows.ome_zarr import OME_ZARR

Cells = Annotated[
    list[Path],
    typer.Option(
        help="Folder of label images with tables of classes (train.csv, val.csv); of cells by box (cells.csv), as "
        "`hemalens collect` writes it; C-NMC 2019; or images of whole fields in a folder a class; repeatable."
    ),
]
NUCLEATED: str = TASKS["nucleated"].weights
RecipeOption = Annotated[
    str | None, typer.Option(help=f"Of {', '.join(CLASSIFICATION)}, or a TOML file; by default the task's.")
]


@app.command()
def classify(  # noqa: PLR0913 -- an option each
    paths: Images,
    out: Out,
    *,
    labels: LabelImages = None,
    task: Annotated[TaskName, typer.Option(help="What is asked of each cell.")] = "micronucleus",
    weights_name: Annotated[
        str | None,
        typer.Option("--weights", help="Packed or installed weights by name, or a file; by default the task's."),
    ] = None,
    views: Views = None,
    channel: Channel = None,
    frame: FrameName = None,
    pixel_size: StatedPixelSize = None,
    device: Device = "auto",
    precision: Precision = "single",
    runtime: Runtime = "auto",
    relabel: Relabel = None,
    cells: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CELL_LABELS",
            help="Label images of the cells that nuclei belong to, as for --labels: cells are then counted.",
        ),
    ] = None,
    pair: Annotated[bool, typer.Option("--pair", help="Take nuclei in pairs for cells, to be looked at.")] = False,
    micronuclei: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABELS",
            help="Label images of micronuclei, as for --labels: each body is given to the nearest nucleus. Without "
            "them, micronuclei are found in fluorescence.",
        ),
    ] = None,
    design: Annotated[Path | None, typer.Option(metavar="CSV", help="Columns image, replicate, concentration.")] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="GROUP_A GROUP_B", help="Two concentrations, replicates or images, the control first."),
    ] = None,
    formats: Annotated[
        str,
        typer.Option(
            help=f"Of the table of cells: {', '.join(CLASS_FORMATS)}; h5ad holds embeddings, too. {OME_ZARR}: each "
            "image with its labels and cells."
        ),
    ] = "csv",
    scheduler: Scheduler = None,
    workers: Workers = None,
    replace: Replace = False,
) -> None:
    """Classify the cells of images; writes labels, pictures, a table of cells and what is reported of them.

    A run that was stopped goes on from there by the same command.
    """
    chosen = tuple(dict.fromkeys(("csv", *parts_of(formats))))
    recipe = ClassificationRecipe.from_options(
        task=task,
        weights=weights_name,
        views=views,
        channel=channel,
        frame=frame,
        pixel_size_um=pixel_size,
        relabel=relabel,
        device=device,
        precision=precision,
        runtime=runtime,
        embeddings="h5ad" in chosen,
    )
    if micronuclei and recipe.task != "micronucleus":
        raise RecipeError(f"--micronuclei is of the task micronucleus; the task is {recipe.task}.")
    steps = workflows.classify_files_steps(
        images_in(paths),
        recipe,
        workflows.ResultsFolder(out, replace),
        outlines=workflows.OutlineFiles(
            images_in(labels) if labels else None,
            _cells(recipe, cells, pair=pair),
            images_in(micronuclei) if micronuclei else None,
        ),
        groups=workflows.Groups(read_design(design) if design else None, compare),
        formats=chosen,
        cluster=cluster_of(scheduler, workers),
    )
    batch = run(steps, "Classifying", go_on=go_on_from(out))
    say_of_batch(batch, "not done")
    for reason in batch.uncounted.values():
        err_console.print(f"[yellow]not counted[/yellow] {escape(reason)}")
    for note in pooled_notes([(field.provenance.title, field.provenance.notes) for field in batch.fields]):
        err_console.print(f"[yellow]doubtful[/yellow] {escape(note)}")
    if batch.summary is not None:
        out_console.print(escape(summary_text(batch.summary, batch.comparison)))
    out_console.print(f"Written to {escape(str(out))}")
    raise typer.Exit(1 if batch.failed or batch.unpictured else 0)


_TOLD = ("AUC", "AP", "F1", "balanced accuracy", "blast AUC")


@train_app.command("classification")
def train_classification(  # noqa: PLR0913 -- an option each
    data: Cells,
    out: Out,
    *,
    task: Annotated[
        TaskName, typer.Option(help="What is asked of each cell; own: the classes of the data.")
    ] = "micronucleus",
    recipe: RecipeOption = None,
    name: Annotated[str, typer.Option(help="What the weights are called.")] = "my-classifier",
    options: Annotated[list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help=SET)] = None,
    about: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=TEXT", help="For the model card: data=…, licence=…, description=…; repeatable."),
    ] = None,
) -> None:
    """Train a classifier of cells or fields; run again with the same folder to resume from the last checkpoint."""
    named = recipe or workflows.default_training(data, task)
    chosen = training_recipe(named, options or (), presets=CLASSIFICATION)
    steps = workflows.train_classification_steps(data, task, chosen, new_weights(out, name, about))
    card = run(steps, "Training", go_on=train_further_from(out))
    figures = "  ".join(f"{key} {card.metrics[key]:.3f}" for key in _TOLD if key in card.metrics)
    held_out = counted(card.metrics["cells"], "field" if card.of_fields else "cell")
    out_console.print(f"{card.name} on {held_out} that were held out: {figures}")
    out_console.print(f"Use it with: --weights {escape(typed(card.file))}")


@evaluate_app.command("classification")
def evaluate_classification(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Folder of label images with a table of classes, or C-NMC 2019.")],
    *,
    split: Annotated[str, typer.Option(help="Part of the data.")] = "val",
    weights_name: Annotated[
        str | None,
        typer.Option("--weights", help="Packed or installed weights by name, or a file; by default those of the task."),
    ] = None,
    task: Annotated[TaskName | None, typer.Option(help="By default that of the weights.")] = None,
    views: Views = None,
    device: Device = "auto",
    perturb: Annotated[
        str | None,
        typer.Option(
            help="stain, background or focus: change what should not matter to the class, and see whether it does."
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only images of such a name, as in 'early-*'; repeatable.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for figures and pictures.", callback=free)] = None,
) -> None:
    """Print how good the weights are on cells whose class is known, per class."""
    if task is None and weights_name is None:
        raise RecipeError(f"Give --weights, or --task: {', '.join(TASKS)}.")
    recipe = ClassificationRecipe.from_options(
        task=task or classifier_card(str(weights_name)).task, weights=weights_name, views=views, device=device
    )
    selection = workflows.CellSelection(data, split, only or ())
    steps = workflows.evaluate_classification_steps(selection, recipe, out=out, perturbation=perturb)
    report = run(steps, "Evaluating")
    say_figures(report, out)


@evaluate_app.command("laboratories")
def evaluate_laboratories(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Folder that `hemalens prepare nucleated` has written.")],
    *,
    split: Annotated[str, typer.Option(help="Part of the data: choose, val or train.")] = "choose",
    weights_name: Annotated[
        str, typer.Option("--weights", help="Packed or installed weights by name, or a file.")
    ] = NUCLEATED,
    laboratory: Annotated[list[str] | None, typer.Option(help="Laboratory; may be repeated. All by default.")] = None,
    views: Views = None,
    device: Device = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder for figures and pictures.", callback=free)] = None,
) -> None:
    """Print how well weights name the nucleated cells of each laboratory, with intervals."""
    recipe = ClassificationRecipe.from_options(weights=weights_name, views=views, device=device)
    steps = workflows.evaluate_laboratories_steps(data, recipe, split=split, laboratories=laboratory or (), out=out)
    say_figures(run(steps, "Naming"), out)


def _cells(
    recipe: ClassificationRecipe, paths: list[str] | None, *, pair: bool
) -> tuple[Path, ...] | Literal["paired"] | None:
    """Return what cells are, from two options that exclude each other."""
    if (paths or pair) and recipe.task != "micronucleus":
        raise RecipeError(f"--cells and --pair are of the task micronucleus; the task is {recipe.task}.")
    if paths and pair:
        raise RecipeError("--cells and --pair both say which nuclei are of one cell: give one of them.")
    return "paired" if pair else images_in(paths) if paths else None
