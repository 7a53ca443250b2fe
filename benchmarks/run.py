"""Speed and memory against the bare network and SAHI: `make bench`.

    python benchmarks/run.py --venv .venv-bench [--weights NAME_OR_FILE] [--quick] [--write]

makes an environment in .venv-bench and measures there; without --venv, in the environment it is started in. Each
contender is a process of its own, they take turns, and what is printed are medians of the rounds.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from environment import ROOT, environment
from lane import PROCESSOR_TIME

HERE = Path(__file__).parent
OPTIONAL = {"openvino", "sahi"}
PAGE = ROOT / "docs" / "results" / "benchmarks.md"


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, help="make an environment here, and measure in it")
    parser.add_argument("--weights", default="marrow-lite", help="packed weights by name, or a .json of training")
    parser.add_argument("--repeats", type=int, default=5, help="rounds after the warm-up")
    parser.add_argument("--limit", type=float, default=120, help="seconds after which a merging is given up")
    parser.add_argument("--areas", type=int, nargs="+", default=[1, 2, 4, 8], help="fields of the images, of 1 2 4 8")
    parser.add_argument(
        "--precisions",
        nargs="+",
        choices=("half", "int8"),
        default=[],
        help="OpenVINO in these, too; the form of int8 has to be there (hemalens weights quantise)",
    )
    parser.add_argument("--processor-time", action="store_true", help="for a machine that is busy: see the page")
    parser.add_argument("--quick", action="store_true", help="small sizes: to see that all of it works")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)} too")
    return parser.parse_args()


def measured(options: argparse.Namespace) -> str:
    """Run every comparison and return the page about them."""
    import report  # noqa: PLC0415 -- these need the packages of the environment
    from fields import smear  # noqa: PLC0415
    from race import race  # noqa: PLC0415

    counts = (10_000, 100_000) if options.quick else (10_000, 100_000, 1_000_000)
    detecting, merging = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        warmup = smear(Path(folder) / "warm_up.tif", 1, quick=True)
        for area in [1, 2] if options.quick else options.areas:
            image = smear(Path(folder) / f"{area}.tif", area, quick=options.quick)
            say(f"detecting in {image.width} x {image.height} pixels")
            detecting[image] = race(
                HERE / "detecting.py",
                installed("bare", "torch", "openvino", *(f"openvino {p}" for p in options.precisions), "sahi"),
                (image.path, warmup.path, options.weights),
                repeats=options.repeats,
                limit=3600,
            )
    for count in counts:
        say(f"merging {count:,} boxes")
        names = installed("hemalens", "sahi nms", "sahi greedy nmm", "torchvision")
        merging[count] = race(HERE / "merging.py", names, (count,), repeats=options.repeats, limit=options.limit)
    command = f'make bench ARGS="{" ".join(sys.argv[1:])}"'
    return report.page(detecting, merging, weights_name=options.weights, limit=options.limit, command=command)


def installed(*contenders: str) -> tuple[str, ...]:
    """Return those of the contenders that this environment has."""
    return tuple(name for name in contenders if name.split()[0] not in OPTIONAL or find_spec(name.split()[0]))


def say(what: str) -> None:
    """Tell whoever waits where it is."""
    print(what, file=sys.stderr, flush=True)


def main() -> int:
    """Measure here, or make an environment and start again in it."""
    options = arguments()
    if options.venv is not None:
        python = environment(options.venv)
        rest = [a for a in sys.argv[1:] if a not in {"--venv", str(options.venv), f"--venv={options.venv}"}]
        return subprocess.run([python, __file__, *rest], check=False).returncode
    if options.processor_time:
        os.environ[PROCESSOR_TIME] = "1"
    text = measured(options)
    print(text)
    if options.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
