"""Write docs/results/teaching.md: what so many labels teach, in embeddings that never saw the laboratory of the cells.

    python docs/make_teaching_results.py MARROW AGAIN SMEAR SMEAR_AGAIN

These are folders of `hemalens experiment teaching`: marrow, the same in an embedding that was trained once more, and
blood likewise. Of one that is written as a hyphen, the page keeps what it has. What stands below the heading 'What it
says' is written by hand and kept.
"""

import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

from napari_hemalens.atomic import writing

PAGE = Path(__file__).parent / "results" / "teaching.md"
KEPT = "## What it says\n"
_KEEP = Path("-")

_COMMANDS = """$ hemalens prepare nucleated --data DATA --out nucleated
$ hemalens experiment laboratories --data nucleated --preset laptop --rows Munich,PBC --out laboratories
$ hemalens experiment teaching --data DATA/marrow_cells --pixel-size 0.09 \\
    --weights laboratories/trials/Munich/nucleated-cells.safetensors --out marrow
$ hemalens experiment laboratories --data nucleated --preset laptop --rows Munich,PBC --out again
$ hemalens experiment teaching --data DATA/marrow_cells --pixel-size 0.09 \\
    --weights again/trials/Munich/nucleated-cells.safetensors --out marrow-again
$ hemalens experiment teaching --data DATA/smear_detection --pixel-size 0.11 \\
    --weights laboratories/trials/PBC/nucleated-cells.safetensors --out smear
$ hemalens experiment teaching --data DATA/smear_detection --pixel-size 0.11 --rows margin-diversity \\
    --weights again/trials/PBC/nucleated-cells.safetensors --out smear-again"""

_SETS = {
    "marrow": "Six classes of marrow, in an embedding trained without that laboratory",
    "marrow-again": "The same marrow, in an embedding trained once more, by the same recipe on another processor",
    "smear": "Ten classes of blood, in an embedding trained without that laboratory",
    "smear-again": "The same blood, in an embedding trained once more: the default, and *Train properly*",
}


def section(name: str, run: Path, before: str) -> list[str]:
    """Return table and curve of one set of cells, or what stood of it on the page before."""
    heading = f"## {_SETS[name]}\n"
    if run == _KEEP:
        return [heading + before.partition(heading)[2].partition("\n## ")[0]]
    picture = f"teaching-{name}.png"
    shutil.copyfile(run / "teaching.png", PAGE.parent / picture)
    _, rest = (run / "teaching.md").read_text(encoding="utf-8").strip().split("\n", 1)
    return [heading, rest.strip(), "", f"![Balanced accuracy by number of labels]({picture})\n"]


def page(runs: dict[str, Path], before: str) -> str:
    """Return all that is measured."""
    versions = f"Python {platform.python_version()}, torch {metadata.version('torch')}"
    parts = [
        "# Teaching, simulated\n",
        "An annotator who knows every cell names those that *Teach* shows, of the part train; the part val measures. "
        "Marrow is a pool of 60, 20, 10, 5, 3 and 2 % of its six classes, another one for each of five seeds; cells of "
        "blood are taken in the shares that the set has.\n",
        f"Machine: {platform.machine()}, one of {os.cpu_count()} cores; {versions}. "
        "Written by `docs/make_teaching_results.py`.\n",
        f"```\n{_COMMANDS}\n```\n",
        *(line for name, run in runs.items() for line in section(name, run, before)),
    ]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write the page."""
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = KEPT + before.split(KEPT, 1)[1] if KEPT in before else ""
    text = page(dict(zip(_SETS, map(Path, sys.argv[1:]), strict=True)), before)
    with writing(PAGE) as file:
        file.write_text(text + kept, encoding="utf-8")


if __name__ == "__main__":
    main()
