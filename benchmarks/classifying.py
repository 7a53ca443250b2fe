"""What cutting crops costs: cells classified from a Labels layer against the bare network on ready batches.

    python benchmarks/classifying.py [--weights NAME_OR_FILE] [--cells 10000] [--side 4000] [--rounds 3]

Both take turns in one process, and what is printed are medians of the rounds. The aim is 0.9 of the bare speed.
"""

import argparse
import statistics
import time

import numpy as np
import torch

from machine import machine
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.inference import device
from napari_hemalens.inference.classifier import batch_size
from napari_hemalens.inference.crops import crop_width, crops
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.storage import load_classifier
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import finish
from napari_hemalens.records import tasks
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array
from napari_hemalens.workflows import classify_steps


def scene(side: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an image (side, side) uint16 of bright discs in noise, and the labels of the discs."""
    rng = np.random.default_rng(0)
    labels = np.zeros((side, side), dtype=np.int32)
    a_row = int(np.ceil(np.sqrt(cells)))
    pitch = side // a_row
    y, x = np.mgrid[:pitch, :pitch] - pitch / 2
    disc = np.hypot(y, x) < 0.36 * pitch
    for number in range(cells):
        top, left = (pitch * place for place in divmod(number, a_row))
        labels[top : top + pitch, left : left + pitch][disc] = number + 1
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
    image, labels = scene(options.side, options.cells)
    recipe = ClassificationRecipe(task=tasks.task(card.task).name, weights=options.weights)
    where = device.choose("auto")
    network = load_classifier(card, where)
    found = CellMap.from_labels(labels)
    ready = crops(
        from_array(image), found, card.crop, width=crop_width(found, card.crop, None), batch=batch_size(where)
    )
    batches = [normalised(x.to(where)).contiguous(memory_format=torch.channels_last) for _, x in ready]
    alone, whole = [], []
    for _ in range(options.rounds):
        alone.append(bare(network, batches))
        start = time.perf_counter()
        finish(classify_steps(image, labels, recipe))
        whole.append(time.perf_counter() - start)
    a, w = statistics.median(alone), statistics.median(whole)
    print(machine("torch"))
    print(
        f"{options.cells:,} cells of {options.side:,} x {options.side:,} pixels, {card.name}, "
        f"{card.crop.side} px a crop"
    )
    print(f"bare network     {a:6.1f} s  {options.cells / a:6.0f} cells/s")
    print(f"image and labels {w:6.1f} s  {options.cells / w:6.0f} cells/s  {a / w:.2f} of the bare speed")


if __name__ == "__main__":
    main()
