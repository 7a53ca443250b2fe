"""Write docs/results/laboratories.md: cells of other laboratories, named by a classifier that never saw them.

    python docs/make_laboratory_results.py RUN VAL CELLS

RUN is the folder of `hemalens experiment laboratories`, VAL that of `hemalens evaluate laboratories --split val`, and
CELLS that of `hemalens evaluate cells --split val`, of the packed weights. What stands below the heading 'What it says'
is written by hand and kept.
"""

import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

from napari_hemalens.atomic import writing

PAGE = Path(__file__).parent / "results" / "laboratories.md"
PICTURE = "laboratories-reliability.png"
KEPT = "## What it says\n"

_DATA = "$ hemalens prepare nucleated --data DATA --out nucleated"
_RUN = "$ hemalens experiment laboratories --data nucleated --preset laptop --out laboratories"
_VAL = "$ hemalens evaluate laboratories --data nucleated --split val --out val"
_CELLS = "$ hemalens evaluate cells --data nucleated --split val --laboratory Munich --out cells"


def under(heading: str, report: Path) -> list[str]:
    """Return a report below a heading of its own, which its title follows as a line."""
    title, rest = report.read_text(encoding="utf-8").strip().split("\n", 1)
    return [f"## {heading}\n", f"{title.lstrip('# ')}:", rest, ""]


def page(run: Path, val: Path, cells: Path) -> str:
    """Return all that is measured."""
    title, rest = (run / "laboratories.md").read_text(encoding="utf-8").strip().split("\n", 1)
    shutil.copyfile(val / "reliability.png", PAGE.parent / PICTURE)
    machine = f"Machine: {platform.machine()}, {os.cpu_count()} cores, of which training took one"
    parts = [
        f"{title}\n",
        f"{machine}; Python {platform.python_version()}, torch {metadata.version('torch')}. "
        "Written by `docs/make_laboratory_results.py`.\n",
        f"```\n{_DATA}\n{_RUN}\n{_VAL}\n{_CELLS}\n```",
        rest,
        "",
        *under("The packed weights, on the parts val that nothing was chosen on", val / "report.md"),
        f"![Reliability diagrams]({PICTURE})\n",
        *under("Found by the packed detector, and named", cells / "report.md"),
    ]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write the page."""
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = KEPT + before.split(KEPT, 1)[1] if KEPT in before else ""
    text = page(*(Path(folder) for folder in sys.argv[1:]))
    with writing(PAGE) as file:
        file.write_text(text + kept, encoding="utf-8")


if __name__ == "__main__":
    main()
