"""`hemalens weights`."""

from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens.cli.app import out_console, weights_app
from napari_hemalens.models import weights


@weights_app.command("list")
def list_weights() -> None:
    """List the packed weights."""
    for name in weights.known():
        out_console.print(f"{name}  {escape(weights.any_row(name).description)}")


@weights_app.command("info")
def show_weights(name: str) -> None:
    """Print the row of weights: classes, pixel size, threshold, figures, data, licence, hash."""
    out_console.print_json(weights.any_row(name).model_dump_json())


@weights_app.command("verify")
def verify_weights(name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Check the files of weights against their hashes; all packed ones by default."""
    for each in [name] if name else weights.known():
        row = weights.any_row(each)
        weights.verify(row)
        out_console.print(f"{row.name}: as published")
