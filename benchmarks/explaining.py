"""What heatmaps cost: cells explained against cells classified, and Grad-CAM against pytorch-grad-cam's.

    python benchmarks/explaining.py --venv .venv-bench [--weights NAME] [--cells 1000] [--side 2000] [--rounds 3]

makes an environment in .venv-bench and measures there; without --venv, in the environment it is started in, which has
to have the package grad-cam. Contenders take turns in one process, and what is printed are medians of the rounds. The
aims: own attention at 1.2 times the classification or less, image and labels in, heatmap in the image's frame out;
Grad-CAM twice as fast as pytorch-grad-cam's loop over cells, and no slower than it given batches, with the same maps to
1e-4.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from environment import environment


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, help="make an environment here, and measure in it")
    parser.add_argument("--weights", default="micronucleus-attention")
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--side", type=int, default=2000, help="of the image, in pixels")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def turns(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each contender, after a round that warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, contend in contenders.items():
            start = time.perf_counter()
            contend()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken[1:]) for name, taken in seconds.items()}


def attention(options: argparse.Namespace) -> None:
    """Print what own attention costs beside the classification."""
    from classifying import scene  # noqa: PLC0415 -- these need the packages of the environment
    from napari_hemalens import classify, explain  # noqa: PLC0415
    from napari_hemalens.heatmaps.methods import methods_of  # noqa: PLC0415
    from napari_hemalens.models.weights import classifier_card  # noqa: PLC0415

    card = classifier_card(options.weights)
    image, labels = scene(options.side, options.cells)
    given = {"task": card.task, "weights": options.weights}
    own = [method.name for method in methods_of(card.network) if method.kind in {"attention", "features"}]
    contenders = {"classify": lambda: classify(image, labels, **given)}
    contenders |= {name: lambda name=name: explain(image, labels, method=name, **given) for name in (*own, "grad-cam")}
    taken = turns(contenders, options.rounds)
    print(f"\nimage and labels in, {options.cells:,} cells of {options.side:,} x {options.side:,} pixels, {card.name}")
    for name, seconds in taken.items():
        print(f"{name:24} {seconds:7.2f} s  {seconds / taken['classify']:5.2f} x classify")


def main() -> int:
    """Measure here, or make an environment and start again in it."""
    options = arguments()
    if options.venv is not None:
        python = environment(options.venv)
        rest = [a for a in sys.argv[1:] if a not in {"--venv", str(options.venv), f"--venv={options.venv}"}]
        return subprocess.run([python, __file__, *rest], check=False).returncode
    import grad_cams  # noqa: PLC0415 -- these need the packages of the environment
    from machine import machine  # noqa: PLC0415

    print(machine("torch", "grad-cam"))
    attention(options)
    grad_cams.compare(options, turns)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
