"""`hemalens suggest`."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import app, err_console, out_console, run
from napari_hemalens.cli.options import (
    Channel,
    Device,
    FrameName,
    Images,
    LabelImages,
    Out,
    Precision,
    Relabel,
    Runtime,
    StatedPixelSize,
    Views,
)
from napari_hemalens.config.active_learning import SuggestionRecipe
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import counted
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.slides.open import images_in

NUCLEATED: str = TASKS["nucleated"].weights


@app.command()
def suggest(  # noqa: PLR0913 -- an option each
    paths: Images,
    out: Out,
    *,
    labels: LabelImages = None,
    named: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Cells that have a name already: columns image and cell, such as suggestions.csv with its column "
            "class filled in.",
        ),
    ] = None,
    weights_name: Annotated[
        str, typer.Option("--weights", help="Packed or installed weights of any classifier of cells, or a file.")
    ] = NUCLEATED,
    strategy: Annotated[
        Literal["random", "entropy", "margin", "diversity", "margin-diversity"],
        typer.Option(
            help="By chance; least certain; between two classes; unlike all named ones; the last two together."
        ),
    ] = "margin",
    first: Annotated[int, typer.Option("-n", min=1, help="Number of cells.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Seed of chance.")] = 0,
    channel: Channel = None,
    frame: FrameName = None,
    pixel_size: StatedPixelSize = None,
    relabel: Relabel = None,
    views: Views = None,
    device: Device = "auto",
    precision: Precision = "single",
    runtime: Runtime = "auto",
) -> None:
    """Say which cells to label next: writes a table to fill in, and a sheet of their pictures."""
    recipe = ClassificationRecipe.from_options(
        task=classifier_card(weights_name).task,
        weights=weights_name,
        channel=channel,
        frame=frame,
        pixel_size_um=pixel_size,
        relabel=relabel,
        views=views,
        device=device,
        precision=precision,
        runtime=runtime,
    )
    steps = workflows.suggest_cells_steps(
        images_in(paths),
        recipe,
        SuggestionRecipe(strategy=strategy, first=first, seed=seed),
        out,
        given=workflows.GivenCells(images_in(labels) if labels else None, named),
    )
    found = run(steps, "Looking")
    for reason in found.failed.values():
        err_console.print(f"[red]not done[/red] {escape(reason)}")
    for note in found.notes:
        err_console.print(f"[yellow]doubtful[/yellow] {escape(note)}")
    out_console.print(
        f"{len(found.chosen):,} of {counted(found.cells, 'cell')}, {found.named:,} of which have a name: "
        "suggestions.csv, suggestions.png"
    )
    out_console.print(f"Written to {escape(str(out))}")
    raise typer.Exit(1 if found.failed else 0)
