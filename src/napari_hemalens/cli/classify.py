"""`hemalens classify`."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import Device, Out, app, err_console, out_console, run
from napari_hemalens.cli.classification import TaskOption
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.reports.classes import summary_text
from napari_hemalens.reports.design import read_design
from napari_hemalens.slides.open import images_in


@app.command()
def classify(  # noqa: PLR0913 -- an option each
    paths: Annotated[list[str], typer.Argument(metavar="IMAGE…", help="Image, pattern or folder.")],
    out: Out,
    *,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABELS",
            help="Label image, pattern in quotes, or folder; repeatable. Matched to images by name, else by order. "
            "Without it, the images are segmented.",
        ),
    ] = None,
    task: Annotated[TaskOption, typer.Option(help="What is asked of each cell.")] = TaskOption.MICRONUCLEUS,
    weights_name: Annotated[
        str | None,
        typer.Option("--weights", help="Packed weights by name, or a file of your own; by default the task's."),
    ] = None,
    pixel_size: Annotated[
        float | None, typer.Option("--pixel-size", metavar="UM", help="Micrometres a pixel; by default from the file.")
    ] = None,
    device: Device = Device.AUTO,
    relabel: Annotated[
        bool | None,
        typer.Option("--relabel/--no-relabel", help="Give each separate piece of the labels a number of its own."),
    ] = None,
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
) -> None:
    """Classify the cells of images; writes labels, pictures, a table of cells and what is reported of them."""
    recipe = ClassificationRecipe.from_options(
        task=task.value,
        weights=weights_name,
        pixel_size_um=pixel_size,
        relabel=relabel,
        device=device.value,
    )
    if micronuclei and recipe.task != "micronucleus":
        raise RecipeError(f"--micronuclei is of the task micronucleus; the task is {recipe.task}.")
    steps = workflows.classify_files_steps(
        images_in(paths),
        recipe,
        out,
        labels=images_in(labels) if labels else None,
        cells=_cells(recipe, cells, pair=pair),
        design=read_design(design) if design else None,
        compare=compare,
        micronuclei=images_in(micronuclei) if micronuclei else None,
    )
    batch = run(steps, "Classifying")
    for reason in batch.failed.values():
        err_console.print(f"[red]not done[/red] {escape(reason)}")
    for reason in batch.uncounted.values():
        err_console.print(f"[yellow]not counted[/yellow] {escape(reason)}")
    if batch.summary is not None:
        out_console.print(escape(summary_text(batch.summary, batch.comparison)))
    out_console.print(f"Written to {escape(str(out))}")
    raise typer.Exit(1 if batch.failed else 0)


def _cells(
    recipe: ClassificationRecipe, paths: list[str] | None, *, pair: bool
) -> tuple[Path, ...] | Literal["paired"] | None:
    """Return what cells are, from two options that exclude each other."""
    if (paths or pair) and recipe.task != "micronucleus":
        raise RecipeError(f"--cells and --pair are of the task micronucleus; the task is {recipe.task}.")
    if paths and pair:
        raise RecipeError("--cells and --pair both say which nuclei are of one cell: give one of them.")
    return "paired" if pair else images_in(paths) if paths else None
