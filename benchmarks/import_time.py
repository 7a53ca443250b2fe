"""How long imports take and what they load, in the tests' environment: `python benchmarks/import_time.py`."""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from machine import machine

PAGE = Path(__file__).parents[1] / "docs" / "results" / "imports.md"
STATEMENTS = {
    "Python alone": "pass",
    "the package": "import napari_hemalens",
    "everything but the network": "import napari_hemalens.workflows",
    "the command line": "import napari_hemalens.cli",
    "napari's discovery of plugins": "import npe2; npe2.PluginManager.instance().discover()",
    "npe2 alone": "import npe2",
    "the widget's module": "import napari_hemalens.gui.widgets.detect",
    "napari alone": "import napari.layers",
    "PyTorch alone": "import torch",
}
DETAILED = "import napari_hemalens"
REPORT = """
import json, sys
names = {name.partition(".")[0] for name in sys.modules}
print(json.dumps([len(sys.modules), "torch" in names, not names.isdisjoint(("qtpy", "PyQt6", "PySide6"))]))
"""
TEXT = """# Import times

Written by `python benchmarks/import_time.py --write`.

{machine}.

Neither importing the package nor napari's discovery of plugins loads PyTorch or Qt (`tests/test_imports.py` sees to
it). Seconds are medians of {repeats} processes with warm files, the start of Python included.

{table}

What `python -X importtime -c "{detailed}"` says of it, in milliseconds (its own, with what it imports):

```
{detail}
```
"""


@dataclass(frozen=True)
class Import:
    """One statement in a Python of its own: median seconds, modules loaded, PyTorch and Qt among them or not."""

    seconds: float
    modules: int
    torch: bool
    qt: bool


def measured(statement: str, repeats: int) -> Import:
    """Run a statement in `repeats` processes, and once before that to warm the files."""
    command = [sys.executable, "-c", f"{statement}\n{REPORT}"]
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds.append(time.perf_counter() - start)
    return Import(statistics.median(seconds[1:]), *json.loads(said.splitlines()[-1]))


def detail(statement: str) -> str:
    """Return the lines of `-X importtime` about this package, in milliseconds."""
    command = [sys.executable, "-X", "importtime", "-c", statement]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines()
    columns = (line.removeprefix("import time:").split("|") for line in lines if "napari_hemalens" in line)
    return "\n".join(f"{int(own) / 1000:8.2f} {int(all_) / 1000:8.2f}  {name.strip()}" for own, all_, name in columns)


def page(repeats: int) -> str:
    """Return the page of Markdown."""
    head = ("what", "command", "seconds", "modules", "PyTorch", "Qt")
    rows: list[Sequence[str]] = [head, ("---", "---", "---:", "---:", "---", "---")]
    for name, statement in STATEMENTS.items():
        found = measured(statement, repeats)
        loaded = ("loaded" if there else "no" for there in (found.torch, found.qt))
        rows.append((name, f"`{statement}`", f"{found.seconds:.2f}", f"{found.modules:,}", *loaded))
    return TEXT.format(
        machine=machine("napari-hemalens", "napari", "npe2", "torch"),
        repeats=repeats,
        table="\n".join(f"| {' | '.join(row)} |" for row in rows),
        detailed=DETAILED,
        detail=detail(DETAILED),
    )


def main() -> None:
    """Print the page, and write it where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="processes a statement")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} too")
    options = parser.parse_args()
    text = page(options.repeats)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
