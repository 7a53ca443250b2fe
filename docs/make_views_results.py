"""Write docs/results/views.md: what it brings to see a cell in several ways round.

    python docs/make_views_results.py OUT

OUT holds folders of `hemalens evaluate laboratories --out`, called NAME-VIEWS, by the names below. What stands below
the heading 'What it says' is written by hand and kept.
"""

import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from napari_hemalens.atomic import writing

PAGE = Path(__file__).parent / "results" / "views.md"
KEPT = "## What it says\n"
VIEWS = (1, 2, 8)
SETS = {
    "without-Munich": "trained without Munich, on Munich",
    "without-PBC": "trained without PBC, on PBC",
    "known": "trained without Munich, on held-out blocks of PBC",
    "packed": "the packed weights, on the part val",
}
_COMMANDS = """$ hemalens prepare nucleated --data DATA --out nucleated
$ hemalens experiment laboratories --data nucleated --preset laptop --rows Munich,PBC --out laboratories
$ for views in 1 2 8; do
    hemalens evaluate laboratories --data nucleated --split train --laboratory Munich --views $views \\
      --weights laboratories/trials/Munich/nucleated-cells.safetensors --out without-Munich-$views
    hemalens evaluate laboratories --data nucleated --split train --laboratory PBC --views $views \\
      --weights laboratories/trials/PBC/nucleated-cells.safetensors --out without-PBC-$views
    hemalens evaluate laboratories --data nucleated --split choose --laboratory PBC --views $views \\
      --weights laboratories/trials/Munich/nucleated-cells.safetensors --out known-$views
    hemalens evaluate laboratories --data nucleated --split val --views $views --out packed-$views
  done"""


def rows(out: Path) -> list[str]:
    """Return a line for each set and laboratory: cells, and both measures by number of views."""
    lines = []
    for name, what in SETS.items():
        found = {views: _read(out / f"{name}-{views}") for views in VIEWS}
        for laboratory, first in found[1].items():
            of = [found[views][laboratory] for views in VIEWS]
            accuracy = ["{:.3f} ({:.3f}-{:.3f})".format(*each["balanced accuracy"]) for each in of]
            error = [f"{each['ECE']:.3f}" for each in of]
            lines.append(f"| {what} | {laboratory} | {first['cells']:,} | {' | '.join(accuracy + error)} |")
    return lines


def page(out: Path) -> str:
    """Return all that is measured."""
    versions = f"Python {platform.python_version()}, torch {metadata.version('torch')}"
    heads = [*(f"balanced accuracy, {views}" for views in VIEWS), *(f"ECE, {views}" for views in VIEWS)]
    return "\n".join(
        [
            "# Cells seen in several ways round\n",
            "A cell turned or mirrored is the same cell, but a network does not say quite the same of it. Here its "
            "logits are averaged over 1, 2 or 8 ways round (test-time augmentation, `--views`), of nucleated cells: "
            "those of a laboratory that was left out of the training, and others. In brackets 95 %, by a bootstrap "
            "over blocks. ECE: how far probabilities are from how often they are right.\n",
            f"Machine: {platform.machine()}, {os.cpu_count()} cores; {versions}. Written by "
            "`docs/make_views_results.py`.\n",
            f"```\n{_COMMANDS}\n```\n",
            f"| weights and cells | laboratory | cells | {' | '.join(heads)} |",
            f"|{' --- |' * (3 + len(heads))}",
            *rows(out),
            "\n",
        ]
    )


def main() -> None:
    """Write the page."""
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = KEPT + before.split(KEPT, 1)[1] if KEPT in before else ""
    text = page(Path(sys.argv[1]))
    with writing(PAGE) as file:
        file.write_text(text + kept, encoding="utf-8")


def _read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))["laboratories"]
    return found


if __name__ == "__main__":
    main()
