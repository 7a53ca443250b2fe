"""Races as a page of Markdown."""

import os
from collections.abc import Mapping, Sequence

from fields import Smear
from lane import PROCESSOR_TIME
from machine import machine
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference import device
from napari_hemalens.inference.tile_runner import tiles_at_once
from napari_hemalens.models import weights
from race import Result, ratio

Race = Mapping[str, Result]

NAMES = {
    "torch": "HemaLens, torch",
    "openvino": "HemaLens, OpenVINO",
    "openvino half": "bfloat16",
    "openvino int8": "int8",
    "sahi": "SAHI",
}
"""What contenders are called, in the order of their columns."""

PAGE = """# Speed and memory

Written by `{command}`; figures of another machine or day differ, ratios less so.

{machine}.
Weights {name} (sha256 {sha256}).

## Detecting: HemaLens, SAHI, and nothing but the network

The same image from a tiled TIFF, the same network and threshold, tiles of up to {tile:,} px that overlap by
{overlap} px, {batch} in a batch. *Bare network* is the sum of the forward passes of the eager network over the very
tiles of HemaLens, without reading them: torchvision's pooling of regions, batch normalisation apart from the
convolutions.
HemaLens computes the same network by torch, as `pip install napari-hemalens` brings it, and by OpenVINO (`[fast]`).
{of_bits}{of_sahi}
Every contender runs in a process of its own after a warm-up, in turns; seconds are medians, ratios are those within a
round: median (least to most).{of_time}

{detecting}

Peak memory is that of the whole process, with PyTorch and the network, which take {loaded} MB before the first image.
The last column counts the cells that were drawn. HemaLens takes two classes of nucleated cell on one spot for one cell,
and a tile keeps only the cells whose centre it owns.

{verdict}

## Merging alone

Boxes at the density of the rendered marrow smear, each cell reported by as many tiles as see it; suppression at an IoU
of 0.5, class by class, after a warm-up. Median seconds (boxes kept); `-`: not done within {limit:.0f} s.

{merging}
"""

OF_SAHI = """*SAHI* is `get_sliced_prediction` with the bare network behind its interface, without its extra pass over
the whole image, and with class-aware suppression (`NMS`); its merging is measured on arrays, without its lists of
objects, and asks for an IoU of at least 0.5, the others for more."""
OF_BITS = "*bfloat16* and *int8* are OpenVINO's in fewer bits ([what they find](runtimes.md)).\n"
OF_PROCESSORS = """ Seconds are those that processors took, of all threads: other work kept the machine busy, which
prolongs what a clock shows, and not this."""
WITHOUT_SAHI = "SAHI was not installed where this ran, and is not compared."


def page(
    detecting: Mapping[Smear, Race], merging: Mapping[int, Race], *, weights_name: str, limit: float, command: str
) -> str:
    """Return the whole page."""
    card, recipe = weights.detector_card(weights_name), DetectionRecipe()
    first = next(iter(detecting.values()))
    packages = [name for name in ("openvino", "sahi") if name in first]
    return PAGE.format(
        command=command,
        machine=machine("torch", "torchvision", "numpy", *packages, "napari-hemalens"),
        name=card.name,
        sha256=f"{card.sha256[:12]}…",
        **recipe.model_dump(include={"tile", "overlap"}),
        batch=tiles_at_once(device.choose("auto")),
        of_time=OF_PROCESSORS if os.environ.get(PROCESSOR_TIME) else "",
        of_bits=OF_BITS if "openvino int8" in first or "openvino half" in first else "",
        of_sahi=OF_SAHI if "sahi" in first else WITHOUT_SAHI,
        detecting=_detecting(detecting),
        loaded=f"{first['bare'].loaded_mb:,.0f}",
        verdict=_verdict(detecting),
        limit=limit,
        merging=_merging(merging),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table, its first column to the left and the others to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def _detecting(races: Mapping[Smear, Race]) -> str:
    names = _contenders(races)
    head = ["pixels", "tiles", "bare network"]
    for name in names:
        head += [NAMES[name], "of bare"]
    head += [f"{NAMES[name]}, peak MB" for name in names] + [f"{NAMES[name]}, cells" for name in names] + ["drawn"]
    return table(head, [_row(image, race, names) for image, race in races.items()])


def _contenders(races: Mapping[Smear, Race]) -> list[str]:
    first = next(iter(races.values()))
    return [name for name in NAMES if name in first]


def _row(image: Smear, race: Race, names: Sequence[str]) -> list[str]:
    bare = race["bare"]
    row = [f"{image.width:,} x {image.height:,}", f"{bare.last['tiles']}", f"{bare.median('seconds'):.2f} s"]
    for name in names:
        row += [f"{race[name].median('seconds'):.2f} s", _span(race[name], bare)]
    row += [f"{race[name].last['peak_mb']:,.0f}" for name in names]
    return [*row, *(f"{race[name].last['cells']:,}" for name in names), f"{image.cells:,}"]


def _span(result: Result, base: Result) -> str:
    middle, least, most = ratio(result, base)
    return f"{middle:.3f} ({least:.3f} to {most:.3f})"


def _verdict(races: Mapping[Smear, Race]) -> str:
    """Return what was aimed at, and what came out."""
    names = _contenders(races)
    fastest = "openvino" if "openvino" in names else "torch"
    (small, first), (large, last) = (list(races.items())[i] for i in (0, -1))
    of_bare = max(ratio(race[fastest], race["bare"])[0] for race in races.values())
    area = large.megapixels / small.megapixels
    time, memory = (last[fastest].median(f) / first[fastest].median(f) for f in ("seconds", "peak_mb"))
    rows = [
        [f"{NAMES[fastest]}: at most 0.55 of the bare network at every size", f"at most {of_bare:.3f}"],
    ]
    if "openvino int8" in names:
        of_bare = max(ratio(race["openvino int8"], race["bare"])[0] for race in races.values())
        rows.append(["int8: at most 0.35 of the bare network at every size", f"at most {of_bare:.3f}"])
    if area > 1:
        rows += [
            ["time grows with the area", f"{area:.0f} times the area take {time:.2f} times as long"],
            ["memory does not grow", f"{area:.0f} times the area take {memory:.2f} times as much"],
        ]
    if "sahi" in names:
        slower = min(ratio(race["sahi"], race[fastest])[0] for race in races.values())
        rows.insert(1, ["SAHI takes at least 1.8 times as long", f"at least {slower:.2f} times"])
    return table(["aim", "found"], rows)


def _merging(races: Mapping[int, Race]) -> str:
    names = list(next(iter(races.values())))
    rows = [[f"{count:,}", *(_merged(race[name]) for name in names)] for count, race in races.items()]
    return table(["boxes", *names], rows)


def _merged(result: Result) -> str:
    if not result.rounds:
        return "-"
    return f"{result.median('seconds'):.3f} ({result.last['kept']:,})"
