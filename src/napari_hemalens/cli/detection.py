"""`hemalens detect`, `train detection` and `evaluate detection`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import (
    app,
    class_names,
    cluster_of,
    err_console,
    evaluate_app,
    go_on_from,
    new_weights,
    out_console,
    parts_of,
    run,
    say_figures,
    say_of,
    say_of_batch,
    train_app,
    train_further_from,
)
from napari_hemalens.cli.options import (
    DETECTOR,
    SET,
    ClassFile,
    Device,
    FrameName,
    NamingName,
    Out,
    PixelSize,
    Precision,
    Replace,
    Runtime,
    Scheduler,
    ScoreThreshold,
    Views,
    WeightsName,
    Workers,
    free,
)
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.presets import DETECTION, training_recipe
from napari_hemalens.formats import FORMATS
from napari_hemalens.records.detections import pooled_differential
from napari_hemalens.records.differential import Tissue, UnsureCells
from napari_hemalens.reports.detections import differential_text
from napari_hemalens.slides.open import images_in
from napari_hemalens.workflows.ome_zarr import OME_ZARR


@app.command()
def detect(  # noqa: PLR0913 -- an option each
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Image, pattern or folder.")],
    out: Out,
    *,
    weights_name: WeightsName = DETECTOR,
    score_threshold: ScoreThreshold = None,
    pixel_size: PixelSize = None,
    device: Device = "auto",
    precision: Precision = "single",
    runtime: Runtime = "auto",
    tissue: Annotated[
        Tissue, typer.Option(help="In blood, precursors and blasts need more evidence, and 200 cells are asked for.")
    ] = "marrow",
    tissue_prior: Annotated[bool, typer.Option(help="Let the tissue shift the odds of the classes.")] = True,
    naming: NamingName = None,
    views: Views = None,
    channel: Annotated[
        str | None,
        typer.Option(
            "--channel",
            metavar="NAME|NUMBER|rgb",
            help="Channel of images that keep them apart, by name or number from 0; rgb: they are colours.",
        ),
    ] = None,
    frame: FrameName = None,
    unsure: Annotated[
        UnsureCells, typer.Option(help="Cells unlike all that the classifier learned from: counted apart, or as named.")
    ] = "apart",
    formats: Annotated[
        str, typer.Option(help=f"Of {', '.join((*FORMATS, OME_ZARR))}; the last copies each image, with its cells.")
    ] = "csv,coco",
    scheduler: Scheduler = None,
    workers: Workers = None,
    replace: Replace = False,
) -> None:
    """Find and count the cells of images; writes overlays, tables and annotations.

    A run that was stopped goes on from there by the same command.
    """
    recipe = DetectionRecipe.from_options(
        weights=weights_name,
        score_threshold=score_threshold,
        pixel_size_um=pixel_size,
        device=device,
        precision=precision,
        runtime=runtime,
        tissue=tissue,
        tissue_prior=tissue_prior,
        naming=naming,
        views=views,
        channel=channel,
        frame=frame,
        unsure=unsure,
    )
    chosen = tuple(dict.fromkeys(("csv", "coco", *parts_of(formats))))
    files = images_in(paths)
    folder, cluster = workflows.ResultsFolder(out, replace), cluster_of(scheduler, workers)
    steps = workflows.detect_files_steps(files, recipe, folder, formats=chosen, cluster=cluster)
    batch = run(steps, "Detecting", go_on=go_on_from(out))
    say_of_batch(batch, "not read")
    for field in batch.fields if len(batch.fields) > 1 else ():  # of one, the table says it
        for note in field.provenance.notes:
            err_console.print(f"[yellow]doubtful[/yellow] {escape(f'{field.provenance.image}: {note}')}")
    if batch.fields:
        pooled = pooled_differential(batch.fields, tissue=recipe.tissue, unsure=recipe.unsure)
        out_console.print(escape(differential_text(pooled)))
    out_console.print(f"Written to {escape(str(out))}")
    raise typer.Exit(1 if batch.failed or batch.unpictured else 0)


@train_app.command("detection")
def train_detection(  # noqa: PLR0913 -- an option each
    data: Annotated[
        list[Path],
        typer.Option(help="Folder with train and val (COCO, VOC, YOLO, VIA, points); repeatable."),
    ],
    out: Out,
    *,
    recipe: Annotated[str, typer.Option(help=f"Of {', '.join(DETECTION)}, or a TOML file.")] = "fine-tune",
    name: Annotated[str, typer.Option(help="What the weights are called.")] = "my-detector",
    pixel_size: Annotated[
        float | None, typer.Option("--pixel-size", metavar="UM", help="Of images without one.")
    ] = None,
    options: Annotated[list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help=SET)] = None,
    about: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=TEXT", help="For the model card: data=…, licence=…, description=…; repeatable."),
    ] = None,
    classes: ClassFile = None,
) -> None:
    """Train a detector; run again with the same folder to resume from the last checkpoint."""
    chosen = training_recipe(recipe, options or (), presets=DETECTION)
    steps = workflows.train_detection_steps(
        data, chosen, new_weights(out, name, about), pixel_size_um=pixel_size, classes=class_names(classes)
    )
    say_of(run(steps, "Training", go_on=train_further_from(out)))


@evaluate_app.command("detection")
def evaluate_detection(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Annotated images (COCO, VOC, YOLO, VIA).")],
    *,
    split: Annotated[str, typer.Option(help="Part of the data.")] = "val",
    weights_name: WeightsName = DETECTOR,
    naming: NamingName = None,
    pixel_size: PixelSize = None,
    taxonomy: Annotated[
        str | None,
        typer.Option(
            help="Classes to compare by: marrow-12, wang-7, blood-3, icsh; by default those of the weights, or "
            "coarser ones that most white cells of the images have."
        ),
    ] = None,
    score_threshold: ScoreThreshold = None,
    device: Device = "auto",
    precision: Precision = "single",
    runtime: Runtime = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder for the figures.", callback=free)] = None,
    classes: ClassFile = None,
) -> None:
    """Print the errors of the count and the average precision, of all hypotheses and of what is counted, per class."""
    recipe = DetectionRecipe.from_options(
        weights=weights_name,
        pixel_size_um=pixel_size,
        score_threshold=score_threshold,
        device=device,
        precision=precision,
        runtime=runtime,
        naming=naming,
    )
    steps = workflows.evaluate_detection_steps(
        data, recipe, split=split, taxonomy=taxonomy, out=out, classes=class_names(classes)
    )
    say_figures(run(steps, "Evaluating"), out)


@evaluate_app.command("cells")
def evaluate_known_cells(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Folder with cells.csv, as `hemalens prepare nucleated` writes it.")],
    *,
    split: Annotated[str, typer.Option(help="Part of the data: choose, val or train.")] = "choose",
    laboratory: Annotated[list[str] | None, typer.Option(help="Laboratory; may be repeated. All by default.")] = None,
    weights_name: WeightsName = DETECTOR,
    naming: NamingName = None,
    score_threshold: ScoreThreshold = None,
    device: Device = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder for the figures.", callback=free)] = None,
) -> None:
    """Print how many cells of known class are found and named right; other cells of their images may be unlabelled."""
    recipe = DetectionRecipe.from_options(
        weights=weights_name, naming=naming, score_threshold=score_threshold, device=device
    )
    steps = workflows.evaluate_known_cells_steps(data, recipe, split=split, laboratories=laboratory or (), out=out)
    say_figures(run(steps, "Evaluating"), out)
