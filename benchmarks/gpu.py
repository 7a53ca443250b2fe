"""What a GPU makes of detection, classification and heatmaps, and whether it finds what the CPU finds.

    python benchmarks/gpu.py [--weights NAME] [--area 4] [--cells 10000] [--rounds 3] [--out page.md]

One command for whoever has an NVIDIA GPU. Seconds are medians of the rounds after a warm-up, on the image and the cells
of the other benchmarks. *Bare* is the network's forward passes alone, on batches that lie on the GPU already.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

import napari_hemalens as hemalens
from agreement import Difference
from classifying import scene
from detecting import Network, recipe_of
from fields import smear
from machine import machine
from napari_hemalens.config.options import ClassificationRecipe, DeviceName, ExplanationRecipe, PrecisionName
from napari_hemalens.evaluation.detection import FLOOR
from napari_hemalens.inference.classifier import batch_size, prepared
from napari_hemalens.inference.crops import crop_width, crops
from napari_hemalens.inference.forward_passes import autocast
from napari_hemalens.models import weights
from napari_hemalens.models.storage import load_classifier
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array
from report import table

PRECISIONS: tuple[PrecisionName, ...] = ("single", "half")
CLASSIFIER = "micronucleus-attention"

Rows = Iterator[list[str]]


@dataclass(frozen=True)
class Bench:
    """How it is measured.

    Attributes
    ----------
    where : DeviceName
        The device.
    rounds : int
        After a warm-up.
    """

    where: DeviceName
    rounds: int

    @property
    def device(self) -> torch.device:
        """The device, as torch has it."""
        return torch.device(self.where)

    def seconds(self, run: Callable[[], object]) -> float:
        """Return the median of how long a run takes, until the device is done."""
        took = []
        for turn in range(self.rounds + 1):
            start = time.perf_counter()
            run()
            if self.where == "cuda":
                torch.cuda.synchronize()
            if turn:
                took.append(time.perf_counter() - start)
        return statistics.median(took)

    def bare(self, network: nn.Module, batches: list[Tensor], precision: PrecisionName) -> float:
        """Return the seconds of a network's forward passes alone."""

        def run() -> None:
            with torch.inference_mode(), autocast(self.device, precision):
                for batch in batches:
                    network(batch)

        return self.seconds(run)


def forms(network: nn.Module, batches: list[Tensor]) -> Iterator[tuple[str, nn.Module, list[Tensor]]]:
    """Yield a detector with channels last, channels first, and with its pyramid compiled; and its batches likewise."""
    yield "channels last", network, batches
    first = deepcopy(network).to(memory_format=torch.contiguous_format)
    yield "channels first", first, [batch.contiguous() for batch in batches]
    compiled = deepcopy(network)
    compiled.backbone = torch.compile(compiled.backbone, dynamic=True)
    yield "channels last, torch.compile", compiled, batches


def detection_rows(bench: Bench, name: str, image: Path) -> Rows:
    """Yield what detection takes: of each precision the bare network in its forms, and the whole."""
    network = Network(name, bench.where)
    batches = list(network.batches(image))
    tiles = sum(map(len, batches))
    for precision in PRECISIONS:
        least = 0.0
        for form, detector, given in forms(network.detector, batches):
            seconds = bench.bare(detector, given, precision)
            least = least or seconds
            yield [f"detection, bare, {form}", precision, f"{seconds:.3f} s", f"{tiles / seconds:.1f} tiles/s", "-"]
        recipe = recipe_of(name).model_copy(update={"device": bench.where, "precision": precision, "runtime": "torch"})
        seconds = bench.seconds(lambda recipe=recipe: hemalens.detect(image, recipe))
        speed = f"{tiles / seconds:.1f} tiles/s"
        yield ["detection, file to cells", precision, f"{seconds:.3f} s", speed, f"{seconds / least:.2f}"]


def cell_rows(bench: Bench, side: int, cells: int) -> Rows:
    """Yield what classification and own attention take, of cells in a labels layer."""
    card = weights.classifier_card(CLASSIFIER)
    network, (image, labels) = load_classifier(card, bench.device), scene(side, cells)
    found = CellMap.from_labels(labels)
    width = crop_width(found, card.crop, None)
    cut = crops(from_array(image), found, card.crop, width=width, batch=batch_size(bench.device))
    batches = [prepared(pixels.to(bench.device)) for _, pixels in cut]
    for precision in PRECISIONS:
        alone = bench.bare(network, batches, precision)
        yield ["classification, bare", precision, f"{alone:.3f} s", f"{cells / alone:.0f} cells/s", "-"]
        options = {"weights": CLASSIFIER, "device": bench.where, "precision": precision, "runtime": "torch"}
        named, looked = ClassificationRecipe(**options), ExplanationRecipe(method="attention", **options)
        runs = {
            "classification, image to classes": lambda recipe=named: hemalens.classify(image, labels, recipe),
            "own attention, image to heatmap": lambda recipe=looked: hemalens.explain(image, labels, recipe),
        }
        for what, run in runs.items():
            seconds = bench.seconds(run)
            yield [what, precision, f"{seconds:.3f} s", f"{cells / seconds:.0f} cells/s", f"{seconds / alone:.2f}"]


def agreement_rows(bench: Bench, name: str, image: Path) -> Rows:
    """Yield how far detection on the device is from that on the CPU in single precision."""
    low = recipe_of(name).model_copy(update={"score_threshold": FLOOR, "runtime": "torch"})
    threshold = weights.detector_card(name).score_threshold
    wanted = hemalens.detect(image, low.model_copy(update={"device": "cpu"}))
    for precision in PRECISIONS:
        found = hemalens.detect(image, low.model_copy(update={"device": bench.where, "precision": precision}))
        apart = Difference()
        apart.add(wanted, found, threshold)
        counts = (apart.cells, apart.classes, apart.at_threshold, apart.otherwise)
        yield [precision, f"{apart.score:.1e}", *(f"{count:,}" for count in counts)]


def page(bench: Bench, name: str, *, area: int = 4, cells: int = 10_000, quick: bool = False) -> str:
    """Return all of it as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        image = smear(Path(folder) / "smear.tif", area, quick=quick)
        side = 40 * int(cells**0.5 + 1)
        speed = [*detection_rows(bench, name, image.path), *cell_rows(bench, side, cells)]
        apart = [*agreement_rows(bench, name, image.path)]
    took = table(["what", "precision", "took", "speed", "of bare"], speed)
    head = ["precision", "score apart", "cells of the CPU", "other class", "at the threshold", "otherwise"]
    return (
        f"{machine('torch', 'torchvision')}\n\n{image.width:,} x {image.height:,} pixels by {name}; {cells:,} cells by "
        f"{CLASSIFIER}. Half precision is float16.\n\n{took}\n\nAgainst the CPU in single precision:\n\n"
        f"{table(head, apart)}\n"
    )


def main() -> int:
    """Measure on the GPU, or say that there is none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="marrow-lite", help="of a detector")
    parser.add_argument("--area", type=int, choices=(1, 2, 4, 8), default=4, help="fields of the image")
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="file for the page, besides printing it")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("This machine has no NVIDIA GPU that PyTorch can use, so that there is nothing to measure.")
    text = page(Bench("cuda", options.rounds), options.weights, area=options.area, cells=options.cells)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
