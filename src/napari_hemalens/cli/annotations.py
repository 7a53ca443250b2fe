"""`hemalens convert`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens.cli.app import app, class_names, err_console, out_console
from napari_hemalens.cli.options import ClassFile, Out
from napari_hemalens.formats import FORMATS
from napari_hemalens.progress import counted
from napari_hemalens.workflows import convert_annotations


@app.command()
def convert(
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA…", help="Annotated images, or results: a file or folder each.")
    ],
    out: Out,
    *,
    to: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")],
    split: Annotated[str | None, typer.Option(help="Part of the data, such as train.")] = None,
    classes: ClassFile = None,
) -> None:
    """Rewrite annotations in another format: COCO, Pascal VOC, YOLO, VIA, QuPath, tables of cells."""
    written = convert_annotations(data, out, to=to, split=split, classes=class_names(classes))
    for note in written.notes:
        err_console.print(f"hemalens: {escape(note)}")
    cells = f"{counted(written.cells, 'cell')} of {counted(written.images, 'image')}"
    out_console.print(f"{cells} written to {escape(str(written.target))}")
