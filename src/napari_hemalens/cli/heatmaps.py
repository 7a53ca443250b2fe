"""`hemalens evaluate heatmaps`."""

from pathlib import Path
from typing import Annotated

import typer

from napari_hemalens import workflows
from napari_hemalens.cli.app import evaluate_app, parts_of, run, say_figures
from napari_hemalens.cli.options import Device, free
from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.records.tasks import TASKS


@evaluate_app.command("heatmaps")
def evaluate_heatmaps(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Folder of images/, nuclei/, outlines in micronuclei/ and <split>.csv.")],
    *,
    split: Annotated[str, typer.Option(help="Part of the data.")] = "val",
    weights_name: Annotated[
        str, typer.Option("--weights", help="Packed or installed weights by name, or a file.")
    ] = TASKS["micronucleus"].weights,
    methods: Annotated[
        str, typer.Option(metavar="NAME,NAME", help="layer-5,grad-cam,…; by default all of the network.")
    ] = "",
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only images of such a name, as in '*_U2OS_*'; repeatable.")
    ] = None,
    device: Device = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Folder for the figures, and a picture of some cells.", callback=free)
    ] = None,
) -> None:
    """Print how often heatmaps point at the micronucleus that makes a cell of its class, and how often chance does."""
    task = classifier_card(weights_name).task
    recipe = ExplanationRecipe.from_options(task=task, weights=weights_name, device=device)
    names = parts_of(methods)
    selection = workflows.CellSelection(data, split, only or ())
    steps = workflows.evaluate_heatmaps_steps(selection, recipe, methods=names, out=out)
    report = run(steps, "Evaluating heatmaps")
    say_figures(report, out)
