"""`hemalens convert`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens.cli.app import Out, app, err_console, out_console
from napari_hemalens.formats import FORMATS
from napari_hemalens.workflows import convert_annotations
from napari_hemalens.workflows.annotations import read_class_names


@app.command()
def convert(
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA…", help="Annotated images, or results: a file or folder each.")
    ],
    out: Out,
    *,
    to: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")],
    split: Annotated[str | None, typer.Option(help="Part of the data, such as train.")] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What to call classes: a CSV with a name and its class a line, or a mapping in YAML or JSON. An empty "
            "class leaves its cells out.",
        ),
    ] = None,
) -> None:
    """Rewrite annotations in another format: COCO, Pascal VOC, YOLO, VIA, QuPath, a table of cells."""
    names = read_class_names(classes) if classes else None
    written = convert_annotations(data, out, to=to, split=split, classes=names)
    for note in written.notes:
        err_console.print(f"hemalens: {escape(note)}")
    out_console.print(f"{written.cells:,} cells of {written.images:,} images written to {escape(str(written.target))}")
