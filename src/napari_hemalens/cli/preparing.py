"""`hemalens prepare`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import app, out_console, run
from napari_hemalens.cli.options import Out


@app.command()
def prepare(
    task: Annotated[
        str,
        typer.Argument(
            help="all, leukocyte, nucleated, plasma or field: what cells, or whole fields, are classified into."
        ),
    ],
    data: Annotated[Path, typer.Option(help="Folder with the public sets, such as marrow_cells.")],
    out: Out,
) -> None:
    """Find the cells of public images; write them, or the fields, as a set to train and measure classifiers on."""
    counts = run(workflows.prepare_cells_steps(task, data, out), "Preparing")
    for what, number in counts.items():
        out_console.print(f"{number:>7,}  {what}")
    out_console.print(f"Written to {escape(str(out))}")
