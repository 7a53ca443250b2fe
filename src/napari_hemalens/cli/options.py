"""The options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

from napari_hemalens.config.options import DetectionRecipe, DeviceName, PrecisionName, RuntimeName
from napari_hemalens.formats.destinations import check_folder, check_new

PixelSize = Annotated[
    float | None,
    typer.Option(
        "--pixel-size",
        metavar="UM",
        help="Micrometres a pixel; by default from the file, else estimated from the red cells.",
    ),
]
DETECTOR: str = DetectionRecipe().weights
WeightsName = Annotated[str, typer.Option("--weights", help="Packed or installed weights by name, or a file.")]
NamingName = Annotated[
    str | None,
    typer.Option(
        "--naming", help="Weights that name nucleated cells; by default those of the detector. none: the detector does."
    ),
]
Views = Annotated[
    int | None,
    typer.Option(
        "--views",
        metavar="1|2|4|8",
        help="In how many ways round a classifier sees each cell, turned and mirrored: steadier, and as many times "
        "slower; by default as many as its weights ask for.",
    ),
]
Images = Annotated[list[str], typer.Argument(metavar="IMAGE…", help="Image, pattern or folder.")]
LabelImages = Annotated[
    list[str] | None,
    typer.Option(
        "--labels",
        metavar="LABELS",
        help="Label image, pattern in quotes, or folder; repeatable. Matched to images by name, else by order. Without "
        "it, the images are segmented.",
    ),
]
StatedPixelSize = Annotated[
    float | None, typer.Option("--pixel-size", metavar="UM", help="Micrometres a pixel; by default from the file.")
]
Relabel = Annotated[
    bool | None,
    typer.Option(
        "--relabel/--no-relabel",
        help="Give each separate piece of the labels a number of its own, or take a number for one cell however many "
        "pieces it has; by default labels in which one number stands for many cells are refused.",
    ),
]
Channel = Annotated[
    str | None,
    typer.Option(
        "--channel",
        metavar="NAME|NUMBER",
        help="Channel of the images, by name or number from 0; red, green or blue of pictures in colour. By default "
        "the one that is named after a DNA stain.",
    ),
]
FrameName = Annotated[
    str | None,
    typer.Option(
        "--frame",
        metavar="T=2,Z=5",
        help="Frame of images with several, by the letters of their axes, or as numbers from 0 in their order: 2,5.",
    ),
]
Device = Annotated[DeviceName, typer.Option(help="Where to compute; auto takes a GPU where there is one.")]
Precision = Annotated[
    PrecisionName,
    typer.Option(
        help="Numbers of 32 bits (single), of 16 (half: NVIDIA GPUs, and by OpenVINO CPUs with bfloat16), or of 8 "
        "(int8: by OpenVINO, once `hemalens weights quantise` has made that form)."
    ),
]
Runtime = Annotated[
    RuntimeName, typer.Option(help="What computes; auto takes OpenVINO on a CPU where it is installed.")
]
ScoreThreshold = Annotated[
    float | None,
    typer.Option(
        "--score-threshold", "--min-score", help="Score from which a cell counts; by default that of the weights."
    ),
]


SET = "Change the recipe; repeatable. A name that is none lists all."


def writable(folder: Path | None) -> Path | None:
    """Return a folder that was given, once it is known that it can be written to."""
    if folder is not None:
        check_folder(folder)
    return folder


def free(folder: Path | None) -> Path | None:
    """Return a folder that was given, once it is `writable` and holds no report that would be replaced."""
    check_new(folder / name for name in ("report.json", "agreement.html", "cells.csv") if folder is not None)
    return writable(folder)


Out = Annotated[Path, typer.Option(help="Folder for the results; made if missing.", callback=writable)]
ClassFile = Annotated[
    Path | None,
    typer.Option(
        "--classes",
        metavar="FILE",
        help="What to call classes: a CSV with a name and its class a line, or a mapping in YAML or JSON. An empty "
        "class leaves its cells out.",
    ),
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Delete the results of another run in the folder first; else it is refused.")
]

Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="local|ADDRESS|FILE.yaml",
        help="Share the work out: to processes of this machine, a dask scheduler, or jobs of a queue such as Slurm's.",
    ),
]
Workers = Annotated[
    int | None, typer.Option(metavar="N", help="How many workers --scheduler starts; those of an address are there.")
]
