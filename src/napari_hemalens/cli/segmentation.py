"""`hemalens segment` and `evaluate segmentation`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import (
    app,
    err_console,
    evaluate_app,
    go_on_from,
    out_console,
    run,
    say_figures,
    say_of_batch,
)
from napari_hemalens.cli.options import Channel, FrameName, Out, Replace, free
from napari_hemalens.config.options import SegmentationRecipe, SegmentedKind
from napari_hemalens.records.notes import pooled_notes
from napari_hemalens.reports.detections import RESEARCH_USE
from napari_hemalens.slides.open import images_in

Kind = Annotated[SegmentedKind, typer.Option("--kind", help="What the images show; auto: by how bright each is.")]
PixelSize = Annotated[
    float | None,
    typer.Option(
        "--pixel-size",
        metavar="UM",
        help="Micrometres a pixel; by default from the file, else sizes go by what is typical of the image.",
    ),
]
Threshold = Annotated[float, typer.Option(help="Times the automatic threshold; above 1, nuclei are smaller.")]
Split = Annotated[
    float, typer.Option("--split", help="In 0-1: nuclei are cut where their neck is narrower; more cuts more.")
]
Smoothing = Annotated[float, typer.Option(help="Times the usual smoothing.")]


@app.command()
def segment(  # noqa: PLR0913 -- an option each
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Image, pattern or folder.")],
    out: Out,
    *,
    kind: Kind = "auto",
    channel: Channel = None,
    frame: FrameName = None,
    pixel_size: PixelSize = None,
    smallest: Annotated[float | None, typer.Option(metavar="UM", help="Least diameter, of a known pixel size.")] = None,
    largest: Annotated[float | None, typer.Option(metavar="UM", help="Greatest diameter, likewise.")] = None,
    threshold: Threshold = 1.0,
    split: Split = 0.7,
    replace: Replace = False,
) -> None:
    """Outline cells of stained smears, or fluorescent nuclei; writes label images, pictures and a table.

    A run that was stopped goes on from there by the same command.
    """
    recipe = SegmentationRecipe.from_options(
        kind=kind,
        channel=channel,
        frame=frame,
        pixel_size_um=pixel_size,
        smallest_um=smallest,
        largest_um=largest,
        threshold=threshold,
        split=split,
    )
    steps = workflows.segment_files_steps(images_in(paths), recipe, workflows.ResultsFolder(out, replace))
    batch = run(steps, "Segmenting", go_on=go_on_from(out))
    say_of_batch(batch, "not read")
    for note in pooled_notes([(field.provenance.title, field.provenance.notes) for field in batch.fields]):
        err_console.print(f"[yellow]doubtful[/yellow] {escape(note)}")
    if batch.fields:
        cells = sum(map(len, batch.fields))
        out_console.print(f"Cells: {cells:,}; images: {len(batch.fields):,}")
        out_console.print(RESEARCH_USE)
    out_console.print(f"Written to {escape(str(out))}")
    raise typer.Exit(1 if batch.failed else 0)


@evaluate_app.command("segmentation")
def evaluate_segmentation(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Folder of images/ with masks/, or with nuclei/ and a table <split>.csv.")],
    *,
    part: Annotated[str, typer.Option("--split", help="Part of the data, where tables name one.")] = "val",
    leave_out: Annotated[
        int | None, typer.Option(min=2, metavar="N", help="Leave every Nth image out, as those something was tuned on.")
    ] = None,
    kind: Kind = "auto",
    pixel_size: PixelSize = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the figures.", callback=free)] = None,
) -> None:
    """Print how well outlines agree with those drawn by people."""
    recipe = SegmentationRecipe.from_options(kind=kind, pixel_size_um=pixel_size)
    steps = workflows.evaluate_segmentation_steps(data, recipe, split=part, leave_out=leave_out, out=out)
    say_figures(run(steps, "Evaluating"), out)


@evaluate_app.command("micronuclei")
def evaluate_micronuclei(
    data: Annotated[
        Path, typer.Option(help="Folder of images/, nuclei/ and a table <split>.csv with a column micronuclei.")
    ],
    *,
    part: Annotated[str, typer.Option("--split", help="Part of the data.")] = "val",
    out: Annotated[Path | None, typer.Option(help="Folder for the figures.", callback=free)] = None,
) -> None:
    """Print how well micronuclei are counted, of nuclei whose outlines and classes are given."""
    steps = workflows.evaluate_micronuclei_steps(data, split=part, out=out)
    say_figures(run(steps, "Evaluating"), out)
