"""How time and memory grow with an image: all of `hemalens detect`, tables and pictures too, from 5 to 400 megapixels.

    python benchmarks/growth.py [--areas 1 4 16 81] [--runtime auto] [--write]

An image is the rendered marrow smear, side by side with itself, as a tiled TIFF. Each is counted in a process of its
own, which has loaded the network and used it once before.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import tifffile

from fields import COPIES, SAMPLE, Smear, smear
from lane import peak_mb
from machine import machine
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.progress import finish
from napari_hemalens.workflows import detect, detect_files_steps
from report import table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "results" / "growth.md"
_WARM_UP_PX = 1200  # of a side: more than a tile

HEAD = [
    *("image", "Mpx", "seconds", "s/Mpx", "of the first's"),
    *("cells", "of those drawn", "loaded", "peak", "above it"),
]
TEXT = """# How time and memory grow with the image

Written by `{command}`: the rendered marrow smear side by side with itself, as a tiled TIFF, counted by all that
`hemalens detect` does (tiles, merging, naming of nucleated cells, tables, annotations, the picture with its boxes),
with {weights} and the default recipe. Each image in a process of its own.

{machine}.

{rows}

*Loaded*: the most memory that the process had in use when it had the network loaded and had counted {warm_up:,} x
{warm_up:,} pixels; *peak*: the most in the whole run. Seconds are on the wall, of both cores, without starting
Python and loading weights. *Of those drawn*: cells found for each cell that the picture was drawn with.
"""


def measure(path: Path, recipe: DetectionRecipe) -> dict[str, float]:
    """Count the cells of an image and write all results; return what that took and found."""
    detect(tifffile.imread(SAMPLE)[:_WARM_UP_PX, :_WARM_UP_PX], recipe.model_copy(update={"pixel_size_um": 0.15}))
    loaded = peak_mb()
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        batch = finish(detect_files_steps([path], recipe, Path(out) / "results"))
        seconds = time.perf_counter() - start
        if batch.failed or batch.unpictured:
            raise SystemExit(f"{path} was not counted whole: {batch}")
    return {"seconds": seconds, "loaded_mb": loaded, "peak_mb": peak_mb(), "cells": len(batch.fields[0])}


def measured_alone(image: Smear, recipe: DetectionRecipe) -> dict[str, float]:
    """Return what `measure` says of an image, in a process of its own."""
    command = [sys.executable, __file__, "--measure", str(image.path), "--runtime", recipe.runtime]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def row(image: Smear, found: dict[str, float], first: float) -> list[str]:
    """Return the line of an image; `first` is seconds a megapixel of the smallest."""
    rate = found["seconds"] / image.megapixels
    memory = [found["loaded_mb"], found["peak_mb"], found["peak_mb"] - found["loaded_mb"]]
    return [
        f"{image.width:,} x {image.height:,}",
        f"{image.megapixels:.0f}",
        f"{found['seconds']:.1f}",
        f"{rate:.2f}",
        f"{rate / first:.2f}",
        f"{found['cells']:,.0f}",
        f"{found['cells'] / image.cells:.3f}",
        *(f"{mb / 1000:.2f} GB" for mb in memory),
    ]


def main() -> int:
    """Measure all sizes, print the page, and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--areas", type=int, nargs="+", choices=COPIES, default=[1, 4, 16, 81], help="fields of the images"
    )
    parser.add_argument("--runtime", choices=("auto", "torch", "openvino"), default="auto")
    parser.add_argument("--quick", action="store_true", help="quarters of fields: to see that all of it works")
    parser.add_argument("--measure", type=Path, help="count one image; for this script itself")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}, too")
    options = parser.parse_args()
    recipe = DetectionRecipe(device="cpu", runtime=options.runtime)
    if options.measure:
        print(json.dumps(measure(options.measure, recipe)))
        return 0
    rows: list[list[str]] = []
    first = 0.0
    for area in options.areas:
        with tempfile.TemporaryDirectory() as folder:
            image = smear(Path(folder) / f"{area}.tif", area, quick=options.quick)
            found = measured_alone(image, recipe)
        first = first or found["seconds"] / image.megapixels
        rows.append(row(image, found, first))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    text = TEXT.format(
        command=" ".join(["python benchmarks/growth.py", *sys.argv[1:]]),
        weights=recipe.weights,
        machine=machine("torch", *(["openvino"] if find_spec("openvino") else []), "tifffile"),
        rows=table(HEAD, rows),
        warm_up=_WARM_UP_PX,
    )
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
