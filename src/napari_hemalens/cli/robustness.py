"""`hemalens evaluate robustness`."""

from pathlib import Path
from typing import Annotated

import typer

from napari_hemalens import workflows
from napari_hemalens.cli.app import evaluate_app, run, say_figures
from napari_hemalens.cli.options import DETECTOR, Device, WeightsName, free
from napari_hemalens.config.options import DetectionRecipe


@evaluate_app.command("robustness")
def evaluate_robustness(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Annotated images (COCO, VOC, YOLO, VIA), all of one scale.")],
    *,
    split: Annotated[str, typer.Option(help="Part of the data.")] = "val",
    weights_name: WeightsName = DETECTOR,
    pixel_size: Annotated[
        float | None, typer.Option("--pixel-size", metavar="UM", help="Micrometres a pixel of images without one.")
    ] = None,
    fields: Annotated[int, typer.Option(min=1, help="Composed for each line.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of the fields.")] = 0,
    size: Annotated[tuple[int, int], typer.Option(metavar="HEIGHT WIDTH", min=64, help="Of a field, in pixels.")] = (
        1920,
        2560,
    ),
    device: Device = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Folder for the figures, curves and pictures.", callback=free)
    ] = None,
) -> None:
    """Print how detection and count hold in fields that are crowded, dark, blurred, otherwise stained or scaled."""
    recipe = DetectionRecipe.from_options(weights=weights_name, pixel_size_um=pixel_size, device=device)
    series = workflows.FieldSeries(seed, fields, size)
    steps = workflows.evaluate_robustness_steps(data, recipe, series, split=split, out=out)
    say_figures(run(steps, "Evaluating robustness"), out)
