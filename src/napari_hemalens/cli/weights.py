"""`hemalens weights`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import class_names, err_console, out_console, run, say_of, weights_app
from napari_hemalens.cli.options import DETECTOR, ClassFile, Device, Images, Out, PixelSize, WeightsName
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.models import weights
from napari_hemalens.progress import counted

_WHICH = "Packed or installed weights by name, or a file."
_BOTH = (".json", ".safetensors")
OwnCatalogue = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|URL",
        help="A catalogue of your own, before the package's; by default what HEMALENS_CATALOGUE says.",
    ),
]


@weights_app.command("list")
def list_weights(
    *,
    available: Annotated[
        bool, typer.Option("--available", help="Those of the catalogue that are not here: `weights add NAME`.")
    ] = False,
    catalogue: OwnCatalogue = None,
) -> None:
    """List the weights that are there: what they do, whether they are packed or installed, and their licence."""
    if available:
        _list_available(catalogue)
        return
    for name in weights.known():
        card = weights.model_card(name)
        out_console.print(f"{name}  ({card.origin}, {card.task})  {escape(card.description)}")
        out_console.print(f"    licence: {escape(card.terms)}")
    for name, reason in weights.unusable_cards().items():
        out_console.print(f"{escape(name)}  (installed, cannot be used)  {escape(reason)}")


def _list_available(catalogue: str | None) -> None:
    entries = run(workflows.available_weights_steps(catalogue), "Looking up")
    for entry in entries:
        out_console.print(f"{escape(entry.name)}  ({entry.task}, {entry.megabytes})  {escape(entry.description)}")
        out_console.print(f"    licence: {escape(entry.terms)}")
        out_console.print(f"    from: {escape(', '.join(entry.where))}")
    if not entries:
        out_console.print("All weights of the catalogue are here.")


@weights_app.command("show")
@weights_app.command("info", hidden=True)
def show_weights(name: Annotated[str, typer.Argument(help=_WHICH)]) -> None:
    """Print the model card: classes, pixel size, threshold, figures, data, licence, hash, file, form of int8."""
    card = weights.model_card(name)
    where = {"origin": card.origin, "file": str(card.file), "terms": card.terms}
    form = workflows.int8_card(name)
    out_console.print_json(data=card.model_dump(mode="json") | where | ({"int8": asdict(form)} if form else {}))


@weights_app.command("verify")
def verify_weights(name: Annotated[str | None, typer.Argument(help=_WHICH)] = None) -> None:
    """Check the files of weights against their hashes; all packed and installed ones by default."""
    damaged = {} if name else dict(weights.unusable_cards())
    for each in [name] if name else weights.known():
        card = weights.model_card(each)
        try:
            weights.verify(card)
        except WeightsError as error:
            damaged[each] = str(error)
        else:
            out_console.print(f"{card.name} ({card.origin}): as published")
    for each, reason in damaged.items():
        err_console.print(f"[red]{escape(each)}:[/red] {escape(reason)}")
    raise typer.Exit(2 if damaged else 0)


@weights_app.command("seal")
def seal_weights(
    cards: Annotated[list[Path], typer.Argument(metavar="CARD…", help="Model cards (.json) beside their tensors.")],
) -> None:
    """Write the hash over model cards anew that you changed by hand; refused where the tensors are not theirs."""
    for path in cards:
        out_console.print(f"Sealed {escape(weights.seal_card(path).name)}: {escape(str(path))}")


@weights_app.command("add")
def add_weights(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FOLDER|URL|DOI|NAME",
            help="A model card (.json) beside its .safetensors file, a folder or an exported .zip with both, the "
            "card's web address, a DOI of Zenodo (10.5281/zenodo.NUMBER), or a name that `weights list --available` "
            "prints.",
        ),
    ],
    *,
    file: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which file of a DOI with several weights: the card or .zip.")
    ] = None,
    catalogue: OwnCatalogue = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take them instead of installed ones of that name.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to the licence of what is downloaded, unasked.")] = False,
) -> None:
    """Install weights for yourself, after a check: docks and commands know them by their name then.

    The licence is shown first. Of weights from another machine you are asked whether you agree to it.
    """
    offer = run(workflows.look_up_weights_steps(source, file=file, catalogue=catalogue, replace=replace), "Looking up")
    card = offer.card
    out_console.print(f"{card.name} ({card.task}): {escape(card.description)}")
    out_console.print(f"    licence: {escape(card.terms)}")
    size = f", {offer.size / 1e6:.1f} MB" if offer.size else ""
    out_console.print(f"    from: {escape(offer.tensors)}{size}")
    if offer.remote and not yes:
        _ask_to_agree()
    card = run(workflows.add_weights_steps(offer, replace=replace), "Adding")
    out_console.print(f"Installed {card.name}: {escape(str(card.file))}")
    out_console.print(f"Use it with: --weights {card.name}")


def _ask_to_agree() -> None:
    """Ask whether the licence that was shown is agreed to; ends the command where it is not."""
    if not sys.stdin.isatty():
        raise WeightsError("Nobody can be asked here whether they agree to this licence; --yes says so.")
    if not typer.confirm("Install them under this licence?"):
        out_console.print("Nothing was installed.")
        raise typer.Exit(1)


@weights_app.command("catalogue")
def write_catalogue(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help=_WHICH)],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The catalogue, a .json.")],
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL/|DOI",
            help="Address of the folder that they will lie in, or the DOI of their record; repeatable. By default they "
            "lie beside the catalogue.",
        ),
    ] = None,
    since: Annotated[str, typer.Option(metavar="VERSION", help="Of HemaLens that they come with.")] = "",
) -> None:
    """Write a catalogue of weights, for others to install them by their name."""
    entries = workflows.write_catalogue(names, out, where=where or (), since=since)
    out_console.print(f"Written to {escape(str(out))}: {', '.join(entry.name for entry in entries)}")
    files = [] if where else [weights.model_card(name).file.with_suffix(end) for name in names for end in _BOTH]
    lacking = [file for file in files if not (out.parent / file.name).is_file()]
    if lacking:
        out_console.print(f"Copy beside it: {escape(', '.join(map(str, lacking)))}")


@weights_app.command("export")
def export_weights(
    name: Annotated[str, typer.Argument(help=_WHICH)],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An .onnx file, or a .zip: a package of the BioImage Model Zoo.")
    ],
) -> None:
    """Write weights for programs without HemaLens, and check that they answer alike there."""
    written = run(workflows.export_weights_steps(name, file), "Exporting")
    out_console.print(f"Written to {escape(str(written))}")
    out_console.print(f"    licence: {escape(weights.model_card(name).terms)}")


@weights_app.command("remove")
def remove_weights(name: Annotated[str, typer.Argument(help="Of installed weights.")]) -> None:
    """Delete installed weights."""
    for file in workflows.remove_weights(name):
        out_console.print(f"Removed {escape(str(file))}")


@weights_app.command("tune")
def tune_weights(  # noqa: PLR0913 -- an option each
    name: Annotated[
        str, typer.Argument(help="Of a detector: packed or installed weights by name, or a file.")
    ] = DETECTOR,
    *,
    data: Annotated[Path, typer.Option(help="Your annotated images (COCO, VOC, YOLO, VIA).")],
    out: Out,
    split: Annotated[str, typer.Option(help="Part of the data.")] = "val",
    called: Annotated[
        str | None, typer.Option("--name", help="What they are called then; by default '…-tuned'.")
    ] = None,
    pixel_size: PixelSize = None,
    device: Device = "auto",
    classes: ClassFile = None,
) -> None:
    """Choose the score threshold of a detector on annotated images; writes the weights with it."""
    recipe = DetectionRecipe.from_options(weights=name, pixel_size_um=pixel_size, device=device)
    steps = workflows.tune_detection_steps(data, recipe, out, split=split, name=called, classes=class_names(classes))
    card = run(steps, "Tuning")
    say_of(card)


@weights_app.command("quantise")
def quantise_weights(  # noqa: PLR0913 -- an option each
    images: Images,
    *,
    weights_name: WeightsName = DETECTOR,
    number: Annotated[int, typer.Option(min=1, help="How many of the images, in equal steps.")] = 64,
    data: Annotated[
        Path | None, typer.Option(help="Annotated images (COCO, VOC, YOLO, VIA), for average precision.")
    ] = None,
    cells: Annotated[
        Path | None, typer.Option(help="Folder with cells.csv, as `hemalens prepare nucleated` writes it.")
    ] = None,
    split: Annotated[str, typer.Option(help="Part of both.")] = "val",
    taxonomy: Annotated[str | None, typer.Option(help="Classes to compare by, such as blood-3.")] = None,
    pixel_size: PixelSize = None,
    classes: ClassFile = None,
) -> None:
    """Make the form for `--precision int8` of a detector on your images; refused if it loses too much on `--data`."""
    recipe = DetectionRecipe.from_options(weights=weights_name, pixel_size_um=pixel_size)
    steps = workflows.quantise_weights_steps(
        images,
        recipe,
        number=number,
        data=data,
        split=split,
        taxonomy=taxonomy,
        classes=class_names(classes),
        cells=cells,
    )
    form = run(steps, "Quantising")
    for measured in form.measured:
        out_console.print(escape(measured.sentence))
    if not form.measured:
        err_console.print("What int8 loses was not measured: give annotated images by --data, cells by --cells.")
    fitted = counted(len(form.images), "image")
    out_console.print(f"Fitted to {fitted}; use it with: --weights {weights_name} --precision int8")
