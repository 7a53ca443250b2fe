"""`hemalens evaluate points`."""

from pathlib import Path
from typing import Annotated

import typer

from napari_hemalens import workflows
from napari_hemalens.cli.app import evaluate_app, run, say_figures
from napari_hemalens.cli.options import DETECTOR, Device, WeightsName, free
from napari_hemalens.config.options import DetectionRecipe


@evaluate_app.command("points")
def evaluate_points(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Folder of images/ and points/ (CSV: x, y, class 1 nucleus, 3 unsure).")],
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Only a part (val: see val.txt) or images called so ('*_0003_*'); repeatable."
        ),
    ] = None,
    tune: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Choose the score threshold on these, as on train; by default the weights' own; repeatable.",
        ),
    ] = None,
    weights_name: WeightsName = DETECTOR,
    pixel_size: Annotated[
        float | None, typer.Option("--pixel-size", metavar="UM", help="Micrometres a pixel of images without one.")
    ] = None,
    radius: Annotated[
        float | None,
        typer.Option(metavar="PX", min=0.1, help="How far a box may be off a point; by default half a nucleus."),
    ] = None,
    device: Device = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder for the figures and curves.", callback=free)] = None,
) -> None:
    """Print precision, recall, F1 and the errors of the count of nuclei that are marked by points."""
    recipe = DetectionRecipe.from_options(weights=weights_name, pixel_size_um=pixel_size, device=device)
    selection = workflows.PointSelection(data, only or (), tune or ())
    steps = workflows.evaluate_points_steps(selection, recipe, radius=radius, out=out)
    say_figures(run(steps, "Evaluating points"), out)
