"""Write docs/results/robustness.md of fields that have been perturbed and counted.

    python docs/make_robustness_results.py OUT [OTHER ...]

OUT is the folder of `hemalens evaluate robustness`, each OTHER one of the same fields with other weights. What stands
below the line of the page's last heading is written by hand and kept.
"""

import json
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from napari_hemalens.atomic import writing

PAGE = Path(__file__).parent / "results" / "robustness.md"
PICTURE = "robustness-curves.png"
KEPT = "## What it says\n"


def beside(other: Path) -> str:
    """Return the part of the page about other weights: what a line found, without its classes."""
    found = json.loads((other / "report.json").read_text(encoding="utf-8"))
    lines = (other / "report.md").read_text(encoding="utf-8").split("\n\nCount: ")[0]
    return f"## The same fields, by `{found['weights']}` (sha256 `{found['sha256'][:16]}…`)\n\n{lines}\n"


def page(out: Path, others: Sequence[Path], kept: str) -> str:
    """Return the whole page."""
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    height, width = found["shape"]
    parts = [
        "# Crowded, dark, blurred, otherwise stained: how the count holds\n",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores; Python "
        f"{platform.python_version()}, torch {metadata.version('torch')}. Written by "
        f"`docs/make_robustness_results.py`. Weights `{found['weights']}` (sha256 `{found['sha256'][:16]}…`).\n",
        f"Fields of up to {width:,} x {height:,} pixels are put together from windows of annotated tiles that the "
        "weights were not trained on, one around a nucleated cell each (`evaluation/composed_fields.py`). Crowding: "
        "the level is how many pixels a window is wide, and the nucleated cells are those that fit into the smallest "
        "window, so that it is not the kinds of cells that change. All other lines are of one set of fields, of "
        "windows of 200, perturbed in each line. Pieces of cells that windows cut off by half or more are not "
        "asked for: what is found of them is neither right nor wrong.\n",
        "```\n"
        f"$ hemalens evaluate robustness --data {found['data']} --split {found['split']} "
        f"--pixel-size {found['pixel_size_um']:g} --fields {found['fields']} --seed {found['seed']} --out robustness\n"
        "```\n",
        (out / "report.md").read_text(encoding="utf-8"),
        f"![Curves]({PICTURE})\n",
        *map(beside, others),
    ]
    return "\n".join(parts) + "\n" + kept


if __name__ == "__main__":
    OUT, *OTHERS = map(Path, sys.argv[1:])
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else KEPT
    text = page(OUT, OTHERS, before[before.index(KEPT) :])
    shutil.copyfile(OUT / "curves.png", PAGE.parent / PICTURE)
    with writing(PAGE) as file:
        file.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
