"""`hemalens agreement`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import app, out_console, parts_of
from napari_hemalens.cli.options import free
from napari_hemalens.config.agreement import AgreementRecipe
from napari_hemalens.workflows.agreement import agreement_text


@app.command()
def agreement(  # noqa: PLR0913 -- an option each
    readings: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]READING…",
            help="For each observer a folder of results, a table of cells, or annotations; two or more.",
        ),
    ],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a page (agreement.html) and tables.", callback=free)
    ] = None,
    network: Annotated[bool, typer.Option("--network", help="Take the network as one more observer.")] = False,
    untouched: Annotated[
        bool,
        typer.Option("--untouched", help="Take nucleated cells of corrected results as read that nobody touched."),
    ] = False,
    order: Annotated[
        str, typer.Option(metavar="A,B,C", help="Classes in an order, for a kappa that weighs how far off.")
    ] = "",
    weights: Annotated[str, typer.Option(metavar="linear|quadratic", help="How it weighs.")] = "linear",
    iou: Annotated[float, typer.Option(help="Overlap (IoU) from which two boxes are the same cell.")] = 0.5,
) -> None:
    """Compare observers: percent agreement, Cohen's kappa with 95 % intervals, and where they differ."""
    recipe = AgreementRecipe.from_options(
        network=network,
        untouched=untouched,
        order=parts_of(order),
        weights=weights,
        iou=iou,
    )
    found = workflows.agreement(readings, out, recipe)
    out_console.print(escape(agreement_text(found)))
    if out is not None:
        out_console.print(f"Written to {escape(str(out))}")
