"""What moving boxes costs: `faster_rcnn_attention` against the pyramid that it grew from.

    python benchmarks/refining.py [--weights marrow-lite] [--side 640] [--rounds 5]

Both networks hold the same weights and see the same rendered marrow; agents never stop, so that what is printed is the
most that they can cost. Contenders take turns in one process; medians of the rounds, and the ratio within each round.
The aim: at most 1.3 times `faster_rcnn_fpn`.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import tifffile
import torch

from fields import SAMPLE
from machine import machine
from napari_hemalens.config.networks import RefinementRecipe
from napari_hemalens.inference import device
from napari_hemalens.models import weights
from napari_hemalens.models.attention.box_refinement import STOP
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detectors import CellDetector, build_detector
from napari_hemalens.models.preprocess import Preprocess
from napari_hemalens.models.storage import load_detector, start_from


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="marrow-lite")
    parser.add_argument("--side", type=int, default=640, help="of the tile, in pixels")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def grown(card: DetectorCard, refinement: RefinementRecipe, at: torch.device) -> CellDetector:
    """Return the network of a row with agents that never stop."""
    recipe = card.network.model_copy(update={"network": "faster_rcnn_attention", "refinement": refinement})
    network = build_detector(recipe, len(card.classes))
    start_from(network, card, recipe, card.classes)
    network.roi_heads.refinement.actor.bias.data[STOP] = -1e3
    return network.eval().to(at).to(memory_format=torch.channels_last)


def timed(forward: Callable[[], object], at: torch.device) -> float:
    """Return the seconds of one pass."""
    start = time.perf_counter()
    forward()
    if at.type != "cpu":
        torch.accelerator.synchronize()
    return time.perf_counter() - start


def main() -> int:
    """Print a line a contender."""
    options = arguments()
    card, at = weights.detector_card(options.weights), device.choose("auto")
    pixels = tifffile.imread(SAMPLE)[: options.side, : options.side]  # at 0.15 um a pixel, as the weights see it
    rgb = torch.from_numpy(pixels).permute(2, 0, 1)[None].to(at)
    image = Preprocess(card.pixel_size_um).normalised(rgb).contiguous(memory_format=torch.channels_last)
    networks = {
        "faster_rcnn_fpn": load_detector(card, at),
        "and a path back up": grown(card, RefinementRecipe(most_steps=0), at),
        "detections moved": grown(card, RefinementRecipe(moves="detections"), at),
        "proposals moved": grown(card, RefinementRecipe(moves="proposals"), at),
    }
    seconds: dict[str, list[float]] = {name: [] for name in networks}
    with torch.inference_mode():
        found = len(networks["faster_rcnn_fpn"](image)[0]["boxes"])
        for _ in range(options.rounds + 1):
            for name, network in networks.items():
                seconds[name].append(timed(lambda network=network: network(image), at))
    print(machine("torch", "torchvision"))
    print(f"\none tile of {options.side} x {options.side} pixels, {found} boxes, {card.name}, {at}, five steps a box")
    first = seconds["faster_rcnn_fpn"][1:]
    for name, taken in seconds.items():
        ratios = [a / b for a, b in zip(taken[1:], first, strict=True)]
        print(f"{name:20} {statistics.median(taken[1:]):7.3f} s  {statistics.median(ratios):5.2f} x faster_rcnn_fpn")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
