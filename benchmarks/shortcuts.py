"""What a detector saves by looking at likely regions alone, and by numbers of 16 bits; and what it finds then.

    python benchmarks/shortcuts.py --data ../shared/data/smear_detection --pixel-size 0.11 [--weights NAME] [--every N]

One network: least objectness of a region (`models.proposals.Proposals.least`) of 0 and more, in single precision and
in half (`DetectionRecipe.precision`). Time is of one tile of rendered marrow: takes are in turns in one process,
medians of the rounds, and the ratio within each round. What is found is of every second image of the part `val`, or of
every Nth, under the classes that the detector itself gives.

    python benchmarks/shortcuts.py --profile

says what a pass over the tile spends its time on, with a look at every region and with one at the likely ones.
"""

import argparse
import statistics
import time
from pathlib import Path

import tifffile
import torch

from fields import SAMPLE
from machine import machine
from napari_hemalens.config.options import DetectionRecipe, PrecisionName
from napari_hemalens.evaluation.detection import count_once, detect_all_steps, own_taxonomy
from napari_hemalens.evaluation.detection_metrics import coco_measures
from napari_hemalens.formats import read_annotations
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.inference.forward_passes import autocast
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detector_protocol import NetworkDetector
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.proposals import Proposals
from napari_hemalens.models.storage import load_detector, preprocess_of
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections

TAKES = ((0.0, "single"), (0.003, "single"), (0.01, "single"), (0.03, "single"), (0.01, "half"))
"""Least objectness, and precision."""


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--data", type=Path, help="annotated images")
    wanted.add_argument("--profile", action="store_true", help="what takes the time, and no more")
    parser.add_argument("--pixel-size", type=float, help="micrometres a pixel of images without one")
    parser.add_argument("--weights", default=DetectionRecipe().weights)
    parser.add_argument("--side", type=int, default=1024, help="of the tile, in pixels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--every", type=int, default=2, help="of so many images of val, one is looked at")
    return parser.parse_args()


def seconds_of(network: CellDetector, image: torch.Tensor, least: float, precision: PrecisionName) -> float:
    """Return the seconds of one pass."""
    network.rpn.least = least
    numbers = autocast(image.device, precision)
    start = time.perf_counter()
    with torch.inference_mode(), numbers:
        network(image)
    if image.device.type != "cpu":
        torch.accelerator.synchronize()
    return time.perf_counter() - start


def print_profile(network: CellDetector, image: torch.Tensor) -> None:
    """Print the five operations that take the most of a pass, and their shares of it."""
    for least in (0.0, Proposals.least):
        seconds_of(network, image, least, "single")
        with torch.profiler.profile() as profile:
            seconds_of(network, image, least, "single")
        taken = sorted(profile.key_averages(), key=lambda row: row.self_cpu_time_total, reverse=True)
        total = sum(row.self_cpu_time_total for row in taken)
        shares = (f"{row.key} {row.self_cpu_time_total / total:.0%}" for row in taken[:5])
        print(f"least objectness {least:g}: {', '.join(shares)}")


def figures_of(
    network: CellDetector, card: DetectorCard, truth: tuple[Detections, ...], recipe: DetectionRecipe
) -> str:
    """Return AP, AP50, AP75 and how many cells are counted, as cells of a table."""
    found = finish(detect_all_steps(truth, CellFinder(NetworkDetector(network, card)), recipe))
    by = own_taxonomy(card.classes)
    mapped = [f.to_taxonomy(by) for f in found]
    overall, _ = coco_measures(mapped, [f.to_taxonomy(by) for f in truth])
    cells = sum(len(f.above(card.score_threshold)) for f in count_once(mapped))
    return f"{overall['AP']:.4f} | {overall['AP50']:.4f} | {overall['AP75']:.4f} | {cells:,}"


def main() -> int:
    """Print a line a take."""
    options = arguments()
    card, at = weights.detector_card(options.weights), device.choose("auto")
    network = load_detector(card, at)
    rgb = tifffile.imread(SAMPLE)[: options.side, : options.side]  # at 0.15 um a pixel, as the weights see it
    image = preprocess_of(card).normalised(torch.from_numpy(rgb).permute(2, 0, 1)[None].to(at))
    image = image.contiguous(memory_format=torch.channels_last)
    if options.profile:
        print(machine("torch", "torchvision"))
        print_profile(network, image)
        return 0
    seen: list[int] = []
    hook = network.roi_heads.register_forward_pre_hook(lambda _, given: seen.append(len(given[1][0])))
    rounds = [[seconds_of(network, image, *take) for take in TAKES] for _ in range(options.rounds + 1)][1:]
    hook.remove()
    truth = read_annotations(options.data, split="val")[:: options.every]
    print(machine("torch", "torchvision"))
    print(f"\n{card.name}, {at}; a tile of {options.side} x {options.side} pixels; {len(truth)} images of val\n")
    print("| least objectness | precision | regions | seconds | of the first | AP | AP50 | AP75 | cells counted |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for i, (least, precision) in enumerate(TAKES):
        median = statistics.median(taken[i] for taken in rounds)
        ratio = statistics.median(taken[i] / taken[0] for taken in rounds)
        network.rpn.least = least
        recipe = DetectionRecipe.from_options(pixel_size_um=options.pixel_size, precision=precision)
        figures = figures_of(network, card, truth, recipe)
        print(f"| {least:g} | {precision} | {seen[i]:,} | {median:.2f} | {ratio:.2f} | {figures} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
