"""`hemalens render`."""

from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens.cli.app import app, out_console, run
from napari_hemalens.cli.options import Out
from napari_hemalens.progress import counted
from napari_hemalens.records.differential import Tissue
from napari_hemalens.rendering.dataset import render_fields_steps


@app.command()
def render(  # noqa: PLR0913 -- an option each
    out: Out,
    *,
    fields: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    height: Annotated[int, typer.Option(min=64, help="Pixels.")] = 1920,
    width: Annotated[int, typer.Option(min=64, help="Pixels.")] = 2560,
    pixel_size: Annotated[float, typer.Option("--pixel-size", metavar="UM")] = 0.15,
    tissue: Tissue = "marrow",
    seed: Annotated[int, typer.Option(min=0, help="Of the first field; the others count on.")] = 0,
) -> None:
    """Render smears whose every cell is known: to try things out, and to add to training images."""
    steps = render_fields_steps(
        out,
        fields=fields,
        shape=(height, width),
        pixel_size_um=pixel_size,
        tissue=tissue,
        seed=seed,
    )
    *images, _ = run(steps, "Rendering")
    out_console.print(f"{counted(len(images), 'field')} written to {escape(str(out))}")
