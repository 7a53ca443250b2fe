"""Write docs/results/robustness.md of fields that have been disturbed and counted.

    python docs/make_robustness_results.py OUT

OUT is the folder of `hemalens evaluate robustness`. What stands below the line of the page's last heading is written by
hand and kept.
"""

import json
import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

from napari_hemalens.atomic import writing

PAGE = Path(__file__).parent / "results" / "robustness.md"
PICTURE = "robustness-curves.png"
KEPT = "## What it says\n"


def page(out: Path, kept: str) -> str:
    """Return the whole page."""
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    height, width = found["shape"]
    parts = [
        "# Crowded, dark, blurred, otherwise stained: how the count holds\n",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, of which this took one; Python "
        f"{platform.python_version()}, torch {metadata.version('torch')}. Written by "
        f"`docs/make_robustness_results.py`. Weights `{found['weights']}` (sha256 `{found['sha256'][:16]}…`).\n",
        f"Fields of up to {width:,} x {height:,} pixels are put together from windows of annotated tiles that the "
        "weights were not trained on, one around a nucleated cell each (`training/composed_fields.py`). A line of "
        "crowding says how many pixels a window is wide; all other lines are of windows of 200. The same fields are "
        "disturbed in every line.\n",
        "```\n"
        f"$ hemalens evaluate robustness --data {found['data']} --split {found['split']} "
        f"--pixel-size {found['pixel_size_um']:g} --fields {found['fields']} --out robustness\n"
        "```\n",
        (out / "report.md").read_text(encoding="utf-8"),
        f"![Curves]({PICTURE})\n",
    ]
    return "\n".join(parts) + "\n" + kept


if __name__ == "__main__":
    OUT = Path(sys.argv[1])
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else KEPT
    text = page(OUT, before[before.index(KEPT) :])
    shutil.copyfile(OUT / "curves.png", PAGE.parent / PICTURE)
    with writing(PAGE) as file:
        file.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
