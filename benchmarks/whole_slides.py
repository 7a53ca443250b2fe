"""Slides of 60,000 x 60,000 pixels, mostly empty glass: time, memory, and whether their cells are found.

    python benchmarks/whole_slides.py FOLDER [--side 60000] [--kinds svs,ome-tiff] [--write]

Writes a pyramid of each kind into FOLDER (some 100 MB in all), with two pieces of the rendered marrow smear at known
places, and detects on each in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr
from numpy.typing import NDArray

from lane import peak_mb
from machine import machine
from napari_hemalens import detect
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.formats.image_parts import part_name
from napari_hemalens.records.detections import Detections
from report import table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "results" / "whole_slides.md"
TILE, GLASS, PIXEL_SIZE_UM = 1024, 235, 0.15
FACTORS = (1, 2, 4, 8, 16, 32)
PIECES = ((0, 0), (896, 1024))
"""Corners of what is cut from the smear, a tile each."""
AROUND = 512  # pixels of glass around a piece that is looked at alone

TEXT = """# Whole slides larger than memory

Written by `{command}`: pyramids of {side:,} x {side:,} pixels ({gib:.0f} GiB as
pixels), empty but for two pieces of the rendered marrow smear, 1,024 pixels wide, at known places. Each was counted
as a whole (`hemalens detect`), with marrow-lite and the default recipe, in a process of its own.

{machine}.

{rows}

*Peak* is the most memory that the process had in use, *before* what it had with the network loaded and used once.
*Alone*: cells that are found in the two places, each opened as a part of the OME-Zarr 0.4 (`SLIDE [Y=…,X=…]`). *In
both*: those that the run over the whole slide found in the same place (an IoU of 0.5 or more) under the same class.
*Elsewhere*: cells found where there is only glass. Seconds are of a processor.

Empty glass is recognised in a level four times coarser than what the network looks at, and is not read any finer.
"""


class Mosaic:
    """A slide that is made tile by tile, at any level."""

    def __init__(self, side: int) -> None:
        self.side = side
        smear = tifffile.imread(ROOT / "sample_data" / "marrow_smear.tif")
        last = side // TILE - 2
        spots = ((1, 2), (last, last // 2))
        self.pieces = {
            (row * TILE, column * TILE): smear[y : y + TILE, x : x + TILE]
            for (row, column), (y, x) in zip(spots, PIECES, strict=True)
        }

    def length(self, factor: int) -> int:
        """Return the side of a level."""
        return self.side // factor

    def tile(self, factor: int, row: int, column: int) -> NDArray[np.uint8] | None:
        """Return a tile (TILE, TILE, 3) of a level; None where it is all glass."""
        found = None
        for (y, x), piece in self.pieces.items():
            top, left = y // factor - row * TILE, x // factor - column * TILE
            if 0 <= top < TILE and 0 <= left < TILE:
                found = np.full((TILE, TILE, 3), GLASS, np.uint8) if found is None else found
                side = TILE // factor
                small = piece.reshape(side, factor, side, factor, 3).mean(axis=(1, 3)).round().astype(np.uint8)
                found[top : top + side, left : left + side] = small
        return found

    def encoded(self, factor: int, encode: Callable[[NDArray[np.uint8]], bytes]) -> Iterator[bytes]:
        """Yield the tiles of a level, row by row, glass encoded once."""
        glass, count = encode(np.full((TILE, TILE, 3), GLASS, np.uint8)), -(-self.length(factor) // TILE)
        for k in range(count * count):
            tile = self.tile(factor, *divmod(k, count))
            yield glass if tile is None else encode(tile)


def write_svs(mosaic: Mosaic, path: Path) -> None:
    """Write tiled levels one after the other, as Aperio's scanners do."""
    described = f"Aperio Image Library v12\n{mosaic.side}x{mosaic.side} |AppMag = 40|MPP = {PIXEL_SIZE_UM}"
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for factor in FACTORS[::2]:
            _write_level(tiff, mosaic, factor, {"description": described, "metadata": None})


def write_ome_tiff(mosaic: Mosaic, path: Path) -> None:
    """Write OME-TIFF, its coarser levels in SubIFDs."""
    sizes = {f"PhysicalSize{axis}": PIXEL_SIZE_UM for axis in "XY"}
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as tiff:
        for factor in FACTORS:
            first = {"subifds": len(FACTORS) - 1, "metadata": {"axes": "YXS", **sizes}}
            _write_level(tiff, mosaic, factor, first if factor == 1 else {"subfiletype": 1})


def _write_level(tiff: tifffile.TiffWriter, mosaic: Mosaic, factor: int, more: Mapping[str, Any]) -> None:
    tiff.write(
        mosaic.encoded(factor, lambda tile: zlib.compress(tile.tobytes(), 6)),
        shape=(mosaic.length(factor),) * 2 + (3,),
        dtype=np.uint8,
        tile=(TILE, TILE),
        compression="adobe_deflate",
        photometric="rgb",
        **more,
    )


def write_ome_zarr(mosaic: Mosaic, path: Path, version: int) -> None:
    """Write OME-Zarr 0.4 (zarr 2) or 0.5 (zarr 3), whose empty chunks are not stored."""
    group = zarr.open_group(path, mode="w", zarr_format=version)
    axes = [{"name": "c", "type": "channel"}, *({"name": a, "type": "space", "unit": "micrometer"} for a in "yx")]
    datasets = []
    for factor in FACTORS:
        side = mosaic.length(factor)
        shape, chunks = (3, side, side), (3, TILE, TILE)
        level = group.create_array(str(factor), shape=shape, chunks=chunks, dtype="uint8", fill_value=GLASS)
        for y, x in mosaic.pieces:
            row, column = y // factor // TILE, x // factor // TILE
            tile = mosaic.tile(factor, row, column)
            rows, columns = slice(row * TILE, side), slice(column * TILE, side)
            place = level[:, rows.start : rows.start + TILE, columns.start : columns.start + TILE].shape
            level[:, rows.start : rows.start + TILE, columns.start : columns.start + TILE] = np.moveaxis(tile, 2, 0)[
                :, : place[1], : place[2]
            ]
        scale = [1, PIXEL_SIZE_UM * factor, PIXEL_SIZE_UM * factor]
        datasets.append(
            {"path": str(factor), "coordinateTransformations": [{"type": "scale", "scale": scale}]},
        )
    said = {"multiscales": [{"version": "0.4" if version == 2 else "0.5", "axes": axes, "datasets": datasets}]}
    group.attrs.update(said if version == 2 else {"ome": {"version": "0.5", **said}})


KINDS: Mapping[str, tuple[str, str, Callable[[Mosaic, Path], None]]] = {
    "svs": ("tiled TIFF like SVS", "a.svs", write_svs),
    "ome-tiff": ("OME-TIFF", "a.ome.tif", write_ome_tiff),
    "zarr-0.4": ("OME-Zarr 0.4", "a4.ome.zarr", lambda mosaic, path: write_ome_zarr(mosaic, path, 2)),
    "zarr-0.5": ("OME-Zarr 0.5", "a5.ome.zarr", lambda mosaic, path: write_ome_zarr(mosaic, path, 3)),
}
REFERENCE = KINDS["zarr-0.4"][1]
"""The slide whose places are looked at alone."""


def measure(path: Path, mosaic: Mosaic, reference: Path) -> dict[str, float]:
    """Detect on a slide, and on its places alone; return what that took and found."""
    recipe = DetectionRecipe(device="cpu")
    detect(np.full((600, 600, 3), GLASS, np.uint8), recipe.model_copy(update={"pixel_size_um": PIXEL_SIZE_UM}))
    before, start = peak_mb(), time.process_time()
    whole = detect(path, recipe)
    seconds, peak = time.process_time() - start, peak_mb()
    inside = np.zeros(len(whole), dtype=bool)
    alone = both = 0
    for y, x in mosaic.pieces:
        corner = y - AROUND, x - AROUND
        part = detect(part_name(reference, (*corner, y + TILE + AROUND, x + TILE + AROUND)), recipe)
        centres = (whole.boxes[:, :2] + whole.boxes[:, 2:]) / 2
        inside |= ((centres >= (y, x)) & (centres < (y + TILE, x + TILE))).all(axis=1)
        alone += len(part)
        both += shared(part, whole, corner)
    return {
        "seconds": seconds,
        "peak_mb": peak,
        "before_mb": before,
        "alone": alone,
        "both": both,
        "elsewhere": int((~inside).sum()),
        "pixel_size_um": whole.provenance.pixel_size_um or 0,
    }


def shared(part: Detections, whole: Detections, corner: tuple[int, int]) -> int:
    """Return how many cells of a part the whole has in the same place under the same class."""
    boxes = part.boxes + np.array(corner * 2, dtype=np.float32)
    found = 0
    for box, name in zip(boxes, part.class_names, strict=True):
        same = whole.boxes[whole.class_names == name]
        low, high = np.maximum(same[:, :2], box[:2]), np.minimum(same[:, 2:], box[2:])
        overlap = (high - low).clip(min=0).prod(axis=1)
        union = (same[:, 2:] - same[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - overlap
        found += bool((overlap >= union / 2).any())
    return found


def row(name: str, folder: Path, side: int) -> list[str]:
    """Measure a slide in a process of its own, and return its line of the table."""
    title, file, _ = KINDS[name]
    path = folder / file
    command = [sys.executable, __file__, str(path), "--measure", "--side", str(side)]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    stored = sum(each.stat().st_size for each in (path.rglob("*") if path.is_dir() else [path]) if each.is_file())
    memory = [f"{said[key] / 1000:.2f} GB" for key in ("before_mb", "peak_mb")]
    cells = [f"{said[key]:,}" for key in ("alone", "both", "elsewhere")]
    return [title, f"{stored / 1e6:.0f} MB", f"{said['pixel_size_um']:g}", f"{said['seconds']:.0f}", *memory, *cells]


def main() -> int:
    """Measure all kinds, print the page and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=60_000, help="pixels")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which to measure; by default all")
    parser.add_argument("--measure", action="store_true", help="detect on one slide; for this script itself")
    parser.add_argument("--write", action="store_true", help="write the page, too")
    options = parser.parse_args()
    if options.measure:
        reference = options.folder.with_name(REFERENCE)
        print(json.dumps(measure(options.folder, Mosaic(options.side), reference)))
        return 0
    options.folder.mkdir(parents=True, exist_ok=True)
    for _, file, write in KINDS.values():
        if not (options.folder / file).exists():
            write(Mosaic(options.side), options.folder / file)
    head = ["kind", "stored", "um a pixel", "seconds", "before", "peak", "cells alone", "in both", "elsewhere"]
    rows = []
    for name in options.kinds.split(","):
        rows.append(row(name, options.folder, options.side))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    some = "" if options.kinds == ",".join(KINDS) else f" --kinds {options.kinds}"
    text = TEXT.format(
        command=f"python benchmarks/whole_slides.py FOLDER{some} --write",
        side=options.side,
        gib=options.side**2 * 3 / 2**30,
        machine=machine("torch", "tifffile", "zarr"),
        rows=table(head, rows),
    )
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
