"""Races as a page of Markdown."""

from collections.abc import Mapping, Sequence

from fields import Smear
from machine import machine
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference import device
from napari_hemalens.inference.tile_runner import tiles_at_once
from napari_hemalens.models import weights
from race import Result, ratio

Race = Mapping[str, Result]

PAGE = """# Speed and memory

Written by `make bench ARGS="--write --repeats {repeats} --limit {limit:g}"`; figures of another machine or day
differ, ratios less so.

{machine}.
Weights {name} (sha256 {sha256}).

## Detecting: HemaLens, SAHI, and nothing but the network

The same image from a tiled TIFF, the same network and threshold, tiles of {tile} px that overlap by {overlap} px,
{batch} in a batch. *Bare network* is the sum of the forward passes over the very tiles of HemaLens, without reading
them. *SAHI* is `get_sliced_prediction` with our network behind its interface, without its extra pass over the whole
image, and with class-aware suppression (`NMS`). Every contender runs in a process of its own after a warm-up, in turns;
seconds are medians, ratios are those within a round: median (least to most).

{detecting}

Peak memory is that of the whole process, with PyTorch and the network, which take {loaded} MB before the first image.
The last column counts the cells that were drawn. SAHI suppresses by class alone; HemaLens takes two classes of
nucleated cell on one spot for one cell, and a tile keeps only the cells whose centre it owns.

{verdict}

## Merging alone

Boxes at the density of the rendered marrow smear, each cell reported by as many tiles as see it; suppression at an IoU
of 0.5, class by class, after a warm-up. SAHI is measured on arrays, without its lists of objects; it asks for an IoU of
at least 0.5, the others for more. Median seconds (boxes kept); `-`: not done within {limit:.0f} s.

{merging}
"""


def page(
    detecting: Mapping[Smear, Race], merging: Mapping[int, Race], *, weights_name: str, repeats: int, limit: float
) -> str:
    """Return the whole page."""
    card, recipe = weights.detector_card(weights_name), DetectionRecipe()
    first = next(iter(detecting.values()))
    return PAGE.format(
        machine=machine("torch", "torchvision", "numpy", "sahi", "napari-hemalens"),
        name=card.name,
        sha256=f"{card.sha256[:12]}…",
        **recipe.model_dump(include={"tile", "overlap"}),
        batch=tiles_at_once(device.choose("auto")),
        detecting=_detecting(detecting),
        loaded=f"{first['bare'].loaded_mb:,.0f}",
        verdict=_verdict(detecting),
        repeats=repeats,
        limit=limit,
        merging=_merging(merging),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table, its first column to the left and the others to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def _detecting(races: Mapping[Smear, Race]) -> str:
    head = ["pixels", "tiles", "bare network", "HemaLens", "of bare", "SAHI", "of bare"]
    head += ["HemaLens, s/Mpx", "HemaLens, peak MB", "SAHI, peak MB", "HemaLens, cells", "SAHI, cells", "drawn"]
    return table(head, [_row(image, race) for image, race in races.items()])


def _row(image: Smear, race: Race) -> list[str]:
    bare, ours, sahi = race["bare"], race["hemalens"], race["sahi"]
    return [
        f"{image.width:,} x {image.height:,}",
        f"{bare.last['tiles']}",
        f"{bare.median('seconds'):.2f} s",
        f"{ours.median('seconds'):.2f} s",
        _span(ours, bare),
        f"{sahi.median('seconds'):.2f} s",
        _span(sahi, bare),
        f"{ours.median('seconds') / image.megapixels:.2f}",
        f"{ours.last['peak_mb']:,.0f}",
        f"{sahi.last['peak_mb']:,.0f}",
        f"{ours.last['cells']:,}",
        f"{sahi.last['cells']:,}",
        f"{image.cells:,}",
    ]


def _span(result: Result, base: Result) -> str:
    middle, least, most = ratio(result, base)
    return f"{middle:.3f} ({least:.3f} to {most:.3f})"


def _verdict(races: Mapping[Smear, Race]) -> str:
    """Return what was aimed at, and what came out."""
    (small, first), (large, last) = (list(races.items())[i] for i in (0, -1))
    of_bare = max(ratio(race["hemalens"], race["bare"])[0] for race in races.values())
    of_sahi = max(ratio(race["hemalens"], race["sahi"])[0] for race in races.values())
    area = large.megapixels / small.megapixels
    time, memory = (last["hemalens"].median(f) / first["hemalens"].median(f) for f in ("seconds", "peak_mb"))
    return table(
        ["aim", "found"],
        [
            ["within 1.15 of the bare network at every size", f"at most {of_bare:.3f}"],
            ["no slower than SAHI at any size", f"at most {of_sahi:.3f} of its time"],
            ["time grows with the area", f"{area:.0f} times the area take {time:.2f} times as long"],
            ["memory does not grow", f"{area:.0f} times the area take {memory:.2f} times as much"],
        ],
    )


def _merging(races: Mapping[int, Race]) -> str:
    names = list(next(iter(races.values())))
    rows = [[f"{count:,}", *(_merged(race[name]) for name in names)] for count, race in races.items()]
    return table(["boxes", *names], rows)


def _merged(result: Result) -> str:
    if not result.rounds:
        return "-"
    return f"{result.median('seconds'):.3f} ({result.last['kept']:,})"
