"""`hemalens`: one thin command a workflow."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from napari_hemalens import workflows
from napari_hemalens._version import __version__
from napari_hemalens.cells import pooled_differential
from napari_hemalens.errors import HemaLensError
from napari_hemalens.formats import FORMATS
from napari_hemalens.models import weights
from napari_hemalens.presets import training_recipe
from napari_hemalens.progress import Steps
from napari_hemalens.recipes import DetectionRecipe
from napari_hemalens.rendering.dataset import render_fields_steps
from napari_hemalens.slides.open import images_in
from napari_hemalens.tables import differential_text

T = TypeVar("T")

app = typer.Typer(
    help="Detect, count and classify blood and bone-marrow cells.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
train_app = typer.Typer(help="Train networks on annotated images.", no_args_is_help=True)
evaluate_app = typer.Typer(help="Measure weights on annotated images.", no_args_is_help=True)
weights_app = typer.Typer(help="The weights that are there.", no_args_is_help=True)
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(weights_app, name="weights")

out_console = Console(soft_wrap=True, highlight=False)
err_console = Console(stderr=True, soft_wrap=True, highlight=False)


class Device(StrEnum):
    """Where to compute."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class TissueName(StrEnum):
    """Sets how many nucleated cells are asked for."""

    MARROW = "marrow"
    BLOOD = "blood"


PixelSize = Annotated[
    float | None,
    typer.Option(
        "--pixel-size",
        metavar="UM",
        help="Micrometres a pixel; by default from the file, else estimated from the red cells.",
    ),
]
WeightsName = Annotated[str, typer.Option("--weights", help="Packed weights by name, or a file of your own.")]
Out = Annotated[Path, typer.Option(help="Folder for the results; made if missing.")]


def run(steps: Steps[T], title: str) -> T:
    """Run a workflow behind a bar; closed on Ctrl-C, so that what was found is written."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[message]}"),
    )
    with Bar(*columns, console=err_console, transient=True) as bar:
        task = bar.add_task(title, total=None, message="")
        try:
            while True:
                step = next(steps)
                bar.update(
                    task,
                    completed=step.done,
                    total=step.total or None,
                    message=escape(step.message),
                )
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            steps.close()


@app.command()
def detect(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Image, pattern or folder.")],
    out: Out,
    *,
    weights_name: WeightsName = "marrow-frcnn",
    min_score: Annotated[float | None, typer.Option(help="Least score; by default that of the weights.")] = None,
    pixel_size: PixelSize = None,
    device: Device = Device.AUTO,
    tissue: TissueName = TissueName.MARROW,
    formats: Annotated[str, typer.Option(help=f"Of {','.join(FORMATS)}.")] = "csv,coco",
) -> None:
    """Find and count the cells of images; writes overlays, tables and annotations."""
    recipe = DetectionRecipe.of(
        weights=weights_name,
        min_score=min_score,
        pixel_size_um=pixel_size,
        device=device.value,
        tissue=tissue.value,
    )
    chosen = tuple(dict.fromkeys(("csv", "coco", *filter(None, formats.split(",")))))
    files = images_in(paths)
    batch = run(workflows.detect_files_steps(files, recipe, out, formats=chosen), "Detecting")
    for reason in batch.failed.values():
        err_console.print(f"[red]not read[/red] {escape(reason)}")
    if batch.fields:
        pooled = pooled_differential(batch.fields, tissue=recipe.tissue)
        out_console.print(escape(differential_text(pooled)))
    out_console.print(f"Written to {escape(str(out))}")
    raise typer.Exit(1 if batch.failed else 0)


@train_app.command("detection")
def train_detection(
    data: Annotated[
        list[Path],
        typer.Option(help="Folder with train and val (COCO, VOC, YOLO, VIA); repeatable."),
    ],
    out: Out,
    *,
    recipe: Annotated[str, typer.Option(help="A preset, or a TOML file.")] = "marrow-laptop",
    name: Annotated[str, typer.Option(help="What the weights are called.")] = "my-detector",
    pixel_size: Annotated[
        float | None, typer.Option("--pixel-size", metavar="UM", help="Of images without one.")
    ] = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help="Change the recipe.")
    ] = None,
    about: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=TEXT", help="For the weights' row: data=…, licence=…, description=…"),
    ] = None,
) -> None:
    """Train a detector; run again with the same folder, it goes on from the last checkpoint."""
    row = run(
        workflows.train_detection_steps(
            data,
            training_recipe(recipe, options or ()),
            out,
            name=name,
            pixel_size_um=pixel_size,
            about=dict(note.split("=", 1) for note in about or () if "=" in note),
        ),
        "Training",
    )
    out_console.print(f"{row.name}: AP50 {row.metrics['AP50']:.3f} at scores >= {row.min_score}")
    out_console.print(f"Use it with: --weights {escape(str(row.file))}")


@evaluate_app.command("detection")
def evaluate_detection(
    data: Annotated[Path, typer.Option(help="Annotated images (COCO, VOC, YOLO, VIA).")],
    *,
    split: Annotated[str, typer.Option(help="Part of the data.")] = "val",
    weights_name: WeightsName = "marrow-frcnn",
    pixel_size: PixelSize = None,
    taxonomy: Annotated[
        str | None, typer.Option(help="Classes to compare by: marrow-12, wang-7, blood-3, icsh.")
    ] = None,
    min_score: Annotated[float | None, typer.Option(help="Threshold of the counts.")] = None,
    device: Device = Device.AUTO,
    out: Annotated[Path | None, typer.Option(help="Folder for the figures.")] = None,
) -> None:
    """Print average precision and the errors of the count, per class."""
    recipe = DetectionRecipe.of(
        weights=weights_name, pixel_size_um=pixel_size, min_score=min_score, device=device.value
    )
    steps = workflows.evaluate_detection_steps(data, recipe, split=split, taxonomy=taxonomy, out=out)
    out_console.print(escape(run(steps, "Evaluating").text()))


@app.command()
def render(
    out: Out,
    *,
    fields: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    height: Annotated[int, typer.Option(min=64, help="Pixels.")] = 1920,
    width: Annotated[int, typer.Option(min=64, help="Pixels.")] = 2560,
    pixel_size: Annotated[float, typer.Option("--pixel-size", metavar="UM")] = 0.15,
    tissue: TissueName = TissueName.MARROW,
    seed: Annotated[int, typer.Option(help="Of the first field; the others count on.")] = 0,
) -> None:
    """Render smears whose every cell is known: to try things out, and to add to training images."""
    steps = render_fields_steps(
        out,
        fields=fields,
        shape=(height, width),
        pixel_size_um=pixel_size,
        tissue=tissue.value,
        seed=seed,
    )
    *images, _ = run(steps, "Rendering")
    out_console.print(f"{len(images)} fields written to {escape(str(out))}")


@weights_app.command("list")
def list_weights() -> None:
    """List the packed weights."""
    for name in weights.known():
        out_console.print(f"{name}  {escape(weights.any_row(name).description)}")


@weights_app.command("info")
def show_weights(name: str) -> None:
    """Print the row of weights: classes, pixel size, threshold, figures, data, licence, hash."""
    out_console.print_json(weights.any_row(name).model_dump_json())


@weights_app.command("verify")
def verify_weights(name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Check the files of weights against their hashes; all packed ones by default."""
    for each in [name] if name else weights.known():
        row = weights.any_row(each)
        weights.verify(row)
        out_console.print(f"{row.name}: as published")


@app.callback(invoke_without_command=True)
def version(*, show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Answer `--version`."""
    if show:
        out_console.print(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; an error that a user can mend is one sentence and exit code 2."""
    try:
        app()
    except HemaLensError as error:
        err_console.print(f"[red]hemalens:[/red] {escape(str(error))}")
        raise SystemExit(2) from error
    except KeyboardInterrupt:
        err_console.print("[red]hemalens:[/red] stopped")
        raise SystemExit(130) from None
