"""`hemalens weights`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import DETECTOR, Device, Out, PixelSize, out_console, run, say_of, weights_app
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.models import weights


@weights_app.command("list")
def list_weights() -> None:
    """List the packed weights."""
    for name in weights.known():
        out_console.print(f"{name}  {escape(weights.model_card(name).description)}")


@weights_app.command("info")
def show_weights(name: str) -> None:
    """Print the model card: classes, pixel size, threshold, figures, data, licence, hash."""
    out_console.print_json(weights.model_card(name).model_dump_json())


@weights_app.command("verify")
def verify_weights(name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Check the files of weights against their hashes; all packed ones by default."""
    for each in [name] if name else weights.known():
        card = weights.model_card(each)
        weights.verify(card)
        out_console.print(f"{card.name}: as published")


@weights_app.command("tune")
def tune_weights(  # noqa: PLR0913 -- an option each
    name: Annotated[str, typer.Argument(help="Of a detector: packed weights by name, or a file.")] = DETECTOR,
    *,
    data: Annotated[Path, typer.Option(help="Your annotated images (COCO, VOC, YOLO, VIA).")],
    out: Out,
    split: Annotated[str, typer.Option(help="Part of the data.")] = "val",
    called: Annotated[
        str | None, typer.Option("--name", help="What they are called then; by default '…-tuned'.")
    ] = None,
    pixel_size: PixelSize = None,
    device: Device = "auto",
) -> None:
    """Choose the score threshold of a detector on annotated images; writes the weights with it."""
    recipe = DetectionRecipe.from_options(weights=name, pixel_size_um=pixel_size, device=device)
    card = run(workflows.tune_detection_steps(data, recipe, out, split=split, name=called), "Tuning")
    say_of(card)
