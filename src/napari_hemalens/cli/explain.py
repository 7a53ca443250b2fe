"""`hemalens explain`."""

from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import app, cluster_of, err_console, go_on_from, out_console, run, say_of_batch
from napari_hemalens.cli.options import (
    Channel,
    Device,
    FrameName,
    Images,
    Out,
    Precision,
    Relabel,
    Replace,
    Runtime,
    Scheduler,
    StatedPixelSize,
    Workers,
)
from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.progress import counted
from napari_hemalens.records.explained import PREDICTED
from napari_hemalens.records.tasks import ExplainableName
from napari_hemalens.slides.open import images_in


@app.command()
def explain(  # noqa: PLR0913 -- an option each
    paths: Images,
    out: Out,
    *,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABELS",
            help="Label image, pattern in quotes, or folder; repeatable. Matched to images by name, else by order. "
            "Without it, the images are segmented; a detector finds its own cells.",
        ),
    ] = None,
    task: Annotated[
        ExplainableName, typer.Option(help="What is asked of each cell; detection: where a detector looked.")
    ] = "micronucleus",
    methods: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            help="layer-5, grad-cam, …; repeatable. By default the one that points best with these weights; a name "
            "that is none lists those of the network.",
        ),
    ] = None,
    target: Annotated[
        str, typer.Option(metavar="CLASS", help="Class that is explained; by default what each cell is called.")
    ] = PREDICTED,
    smoothing: Annotated[
        float, typer.Option(metavar="PX", help="Deviation of a Gaussian on the heatmap, in pixels of the network.")
    ] = 0.0,
    weights_name: Annotated[
        str | None,
        typer.Option("--weights", help="Packed or installed weights by name, or a file; by default the task's."),
    ] = None,
    channel: Channel = None,
    frame: FrameName = None,
    pixel_size: StatedPixelSize = None,
    device: Device = "auto",
    precision: Precision = "single",
    runtime: Runtime = "auto",
    relabel: Relabel = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
    replace: Replace = False,
) -> None:
    """Show where a network looks: writes heatmaps in each image's frame, and pictures of them on the cells.

    A run that was stopped goes on from there by the same command.
    """
    recipe = ExplanationRecipe.from_options(
        task=task,
        weights=weights_name,
        target=target,
        smoothing=smoothing,
        channel=channel,
        frame=frame,
        pixel_size_um=pixel_size,
        relabel=relabel,
        device=device,
        precision=precision,
        runtime=runtime,
    )
    folder = workflows.ResultsFolder(out, replace)
    outlines, cluster = images_in(labels) if labels else None, cluster_of(scheduler, workers)
    steps = workflows.explain_files_steps(
        images_in(paths), recipe, folder, labels=outlines, methods=methods or (), cluster=cluster
    )
    batch = run(steps, "Explaining", go_on=go_on_from(out))
    say_of_batch(batch, "not done")
    cells = sum(len(field) for field in batch.fields)
    explained = counted(cells, "field" if batch.of_fields else "cell")
    out_console.print(f"{explained} explained by {escape(', '.join(batch.methods))}")
    for note in dict.fromkeys(note for field in batch.fields for note in field.provenance.notes):
        err_console.print(escape(note))
    out_console.print(f"Written to {escape(str(out))}")
    raise typer.Exit(1 if batch.failed or batch.unpictured else 0)
