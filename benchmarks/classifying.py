"""Cells classified from an image and its labels, against nothing but the eager network on crops that are ready.

    python benchmarks/classifying.py [--weights NAME_OR_FILE] [--cells 10000] [--side 4000] [--rounds 3]

All take turns in one process, after a warm-up, and what is printed are medians of the rounds. By torch, cutting crops
shows, and the aim is at least 0.9 of the bare speed; by the fastest of the runtimes, at most 0.5 of the bare time.
"""

import argparse
import math
import statistics
import time
from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np
import torch

from machine import machine
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.inference import device
from napari_hemalens.inference.classifier import batch_size
from napari_hemalens.inference.crops import crop_width, crops
from napari_hemalens.models.converted import has_bfloat16
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.storage import load_classifier
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import finish
from napari_hemalens.records import tasks
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array
from napari_hemalens.workflows import classify_steps

CROP_UM = 20
WAYS: Mapping[str, Mapping[str, str]] = {
    "torch": {"runtime": "torch"},
    "OpenVINO": {"runtime": "openvino"},
    "OpenVINO, bfloat16": {"runtime": "openvino", "precision": "half"},
}
"""What classifies: options of a run."""


def can(way: str) -> bool:
    """Return whether this machine classifies that way."""
    return way == "torch" or (find_spec("openvino") is not None and ("bfloat16" not in way or has_bfloat16()))


def relabelled(labels: np.ndarray) -> np.ndarray:
    """Return labels with numbers from 1 on, each of one region."""
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)


def scene(side: int, cells: int, *, bright_field: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return discs in noise, and their labels: bright (side, side) uint16, or dark on white glass (side, side, 3)."""
    rng = np.random.default_rng(0)
    labels = np.zeros((side, side), dtype=np.int32)
    a_row = int(np.ceil(np.sqrt(cells)))
    pitch = side // a_row
    y, x = np.mgrid[:pitch, :pitch] - pitch / 2
    disc = np.hypot(y, x) < 0.36 * pitch
    for number in range(cells):
        top, left = (pitch * place for place in divmod(number, a_row))
        labels[top : top + pitch, left : left + pitch][disc] = number + 1
    if bright_field:
        image = rng.normal(235, 4, (*labels.shape, 3)) - (labels > 0)[..., None] * rng.normal(
            (110, 150, 60), 12, (*labels.shape, 3)
        )
        return image.clip(0, 255).astype(np.uint8), labels
    image = rng.normal(600, 60, labels.shape) + (labels > 0) * rng.normal(9000, 1500, labels.shape)
    return image.clip(0).astype(np.uint16), labels


@torch.inference_mode()
def bare(network: torch.nn.Module, batches: list[torch.Tensor]) -> float:
    """Return the seconds that the network alone takes."""
    start = time.perf_counter()
    for batch in batches:
        network(batch).cpu()
    return time.perf_counter() - start


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="micronucleus-attention")
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=4000, help="of the image, in pixels")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    card = classifier_card(options.weights)
    image, labels = scene(options.side, options.cells, bright_field=card.crop.light == "transmitted")
    size = CROP_UM / (options.side // math.ceil(math.sqrt(options.cells)))  # a crop is as wide as cells lie apart
    recipe = ClassificationRecipe(task=tasks.task(card.task).name, weights=options.weights, pixel_size_um=size)
    ways = {name: recipe.model_copy(update=said) for name, said in WAYS.items() if can(name)}
    where = device.choose("auto")
    network = load_classifier(card, where)
    found = CellMap.from_labels(labels)
    ready = crops(
        from_array(image), found, card.crop, width=crop_width(found, card.crop, size), batch=batch_size(where)
    )
    batches = [normalised(x.to(where)).contiguous(memory_format=torch.channels_last) for _, x in ready]
    seconds: dict[str, list[float]] = {"bare network": [], **{name: [] for name in ways}}
    corner = tuple(slice(0, options.side // 8) for _ in range(2))
    for each in ways.values():
        finish(classify_steps(image[corner], relabelled(labels[corner]), each))
    for _ in range(options.rounds):
        seconds["bare network"].append(bare(network, batches))
        for name, each in ways.items():
            start = time.perf_counter()
            finish(classify_steps(image, labels, each))
            seconds[name].append(time.perf_counter() - start)
    print(machine("torch", *(["openvino"] if can("OpenVINO") else [])))
    print(
        f"{options.cells:,} cells of {options.side:,} x {options.side:,} pixels, {card.name}, "
        f"{card.crop.side} px a crop"
    )
    base = seconds["bare network"]
    for name, took in seconds.items():
        ratios = sorted(a / b for a, b in zip(took, base, strict=True))
        print(
            f"{name:<24} {statistics.median(took):6.1f} s  {options.cells / statistics.median(took):6.0f} cells/s  "
            f"{statistics.median(ratios):.2f} of the bare time ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


if __name__ == "__main__":
    main()
