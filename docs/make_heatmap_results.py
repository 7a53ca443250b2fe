"""Write docs/results/heatmaps.md of heatmaps that have been measured.

    python docs/make_heatmap_results.py OUT [TRAINED]

OUT is the folder of `hemalens evaluate heatmaps`; TRAINED that of the same on images that the weights were trained on.
What stands below the line of the page's last heading is written by hand and kept.
"""

import json
import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

from napari_hemalens.atomic import writing
from napari_hemalens.heatmaps.methods import methods_of
from napari_hemalens.models.weights import classifier_card

PAGE = Path(__file__).parent / "results" / "heatmaps.md"
PICTURE = "heatmaps-cells.png"
KEPT = "## What it says\n"


def command(out: Path) -> str:
    """Return the command that measured what lies in a folder."""
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    split, *only = found["split"].split(", ")
    measured = [figures["method"] for figures in found["figures"] if figures["correlation"] is not None]
    every = [method.name for method in methods_of(classifier_card(found["weights"]).network)]
    options = "".join(f" --only '{name}'" for name in only)
    options += "" if measured == every else f" --methods {','.join(measured)}"
    return f"```\n$ hemalens evaluate heatmaps --data {found['data']} --split {split}{options} --out {out.name}\n```\n"


def page(out: Path, trained: Path | None, kept: str) -> str:
    """Return the whole page."""
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "captum"))
    parts = [
        "# Heatmaps: do they point at the micronucleus?\n",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, of which this took one, shared with other work: "
        f"seconds are to be compared with each other; Python {platform.python_version()}, {versions}. Written by "
        f"`docs/make_heatmap_results.py`. Weights `{found['weights']}` (sha256 `{found['sha256'][:16]}…`), truth: the "
        "micronuclei that people outlined for mnfinder.\n",
        "## On images that the weights were not trained on\n",
        "The 3 fields of `val.csv`. Epoch and threshold of the weights were chosen on them, and the default heatmap "
        "is: the last sentence says what is left where that is not so.\n",
        command(out),
        (out / "report.md").read_text(encoding="utf-8"),
        "Crop with its micronuclei outlined; heatmap of each method, x at its hottest point:\n\n"
        f"![Heatmaps]({PICTURE})\n",
    ]
    if trained is not None:
        parts += [
            "## On images that the weights were trained on\n",
            "A check of the measure on more cells, and no proof: attention was taught where these micronuclei are.\n",
            command(trained),
            (trained / "report.md").read_text(encoding="utf-8"),
        ]
    return "\n".join(parts) + "\n" + kept


if __name__ == "__main__":
    folders = [Path(name) for name in sys.argv[1:]]
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else KEPT
    text = page(folders[0], folders[1] if len(folders) > 1 else None, before[before.index(KEPT) :])
    shutil.copyfile(folders[0] / "cells.png", PAGE.parent / PICTURE)
    with writing(PAGE) as file:
        file.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
