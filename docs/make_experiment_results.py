"""Write a page of docs/results of one of the papers' comparisons that is done.

    python docs/make_experiment_results.py OUT PAGE [WHAT]

OUT is the folder of `hemalens experiment`, PAGE the name of the page, such as all-folds, and WHAT stands in its title
in place of the experiment's name, before the colon, where there are several pages, or before a title without a colon.
What stands below the heading 'What it says' is written by hand and kept.
"""

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_hemalens.atomic import writing

RESULTS = Path(__file__).parent / "results"
KEPT = "## What it says\n"
_CHOICES = ("preset", "protocol", "networks", "scheme", "split", "pool", "stain")
_PICTURES = ("roc", "confusion", "curves")


def page(out: Path, name: str, what: str = "") -> str:
    """Return the tables of a comparison, with the command and the machine; its pictures are copied beside the page."""
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    own = out / f"{run['experiment']}.md"
    title, rest = (own if own.exists() else out / "table.md").read_text(encoding="utf-8").split("\n", 1)
    if what:
        named, _, of = title.partition(": ")
        title = f"# {what}: {of if of and '(' not in named else title.removeprefix('# ')}"
    for picture in _PICTURES:
        if not (out / f"{picture}.png").exists():
            continue
        shutil.copyfile(out / f"{picture}.png", RESULTS / f"{name}-{picture}.png")
        rest = rest.replace(f"({picture}.png)", f"({name}-{picture}.png)")
    versions = ", ".join(f"{package} {version}" for package, version in run["versions"].items())
    cores = f"{platform.machine()}, {os.cpu_count()} cores, of which training took one"
    machine = f"Machine: {cores}; Python {run['python']}, {versions}."
    return f"{title}\n\n{machine} Written by `docs/make_experiment_results.py`.\n\n```\n$ {command(run)}\n```\n{rest}"


def command(run: Mapping[str, Any]) -> str:
    """Return the command of a comparison, of what its `run.json` holds."""
    folders = run["data"] if isinstance(run["data"], list) else [run["data"]]
    options = [f"--data {Path(folder).name}" for folder in folders]
    if run.get("pixel_size_um"):
        options.append(f"--pixel-size {run['pixel_size_um']:g}")
    options.append(f"--seeds {','.join(map(str, run['seeds']))}")
    options += [f"--{choice} {run[choice]}" for choice in _CHOICES if choice in run]
    options += [f"--rows {','.join(run['rows'])}"] if "rows" in run else []
    options += [f"--set {change}" for change in run.get("set", ())]
    return " ".join(["hemalens experiment", run["experiment"], *options])


def main() -> None:
    """Write the page."""
    out, name, what = Path(sys.argv[1]), sys.argv[2], "".join(sys.argv[3:])
    file = RESULTS / f"{name}.md"
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    kept = KEPT + before.split(KEPT, 1)[1] if KEPT in before else ""
    with writing(file) as temporary:
        temporary.write_text(f"{page(out, name, what)}\n{kept}", encoding="utf-8")


if __name__ == "__main__":
    main()
