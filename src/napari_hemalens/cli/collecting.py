"""`hemalens collect`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens.cli.app import app, out_console, run
from napari_hemalens.cli.options import Out
from napari_hemalens.workflows.collection import collect_steps


@app.command()
def collect(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULTS…", help="Folders of results that a person corrected.")
    ],
    out: Out,
    *,
    everything: Annotated[
        bool, typer.Option("--everything", help="Take also images and classes that nobody looked at.")
    ] = False,
) -> None:
    """Make a training set of corrected results, split by image: boxes, cells by box, cells by label."""
    found = run(collect_steps(results, out, everything=everything), "Collecting")
    for name, number in found.counts.items():
        out_console.print(f"{number:>7,}  {name}")
    for note in found.notes:
        out_console.print(escape(note))
    for command in found.commands:
        out_console.print(f"Train with: {escape(command)}")
