"""Whether OpenVINO finds the cells that torch finds: scores, cells, classes, average precision.

    python benchmarks/runtimes.py DATA [--images 20] [--weights NAME] [--write]

DATA holds `smear_detection/` (COCO) and `bccd/` (Pascal VOC). Both runtimes look at the same images, the first to the
last of the part in equal steps, as `hemalens evaluate detection` does.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from scipy.optimize import linear_sum_assignment

from machine import machine
from napari_hemalens.config.options import DetectionRecipe, RuntimeName
from napari_hemalens.evaluation.detection import count_once, detect_all_steps, map_to_taxonomy, measure_precision
from napari_hemalens.evaluation.detection_metrics import box_iou
from napari_hemalens.formats import read_annotations
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.inference.naming import hypotheses
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import taxonomy
from report import table

PAGE = Path(__file__).parents[1] / "docs" / "results" / "runtimes.md"
SETS = (("smear_detection", "val", 0.11, "marrow-12"), ("bccd", "val", 0.07, "blood-3"))
"""Folder, part, micrometres a pixel, classes."""
RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)[1:]
SAME_PLACE = 0.9  # IoU
NEAR = 1e-3  # of the threshold: what is so near may fall on either side

TEXT = """# Whether OpenVINO finds what torch finds

Written by `{command}`: {images} images of each set, in equal steps from its first to its last.

{machine}.
Weights {name}, score threshold {threshold:.4f}; 32-bit numbers in both.

{rows}

*Score apart* is the largest difference of a score between boxes in one place (an IoU of {iou:g} or more), from a score
of 0.05 on; *probability apart* that of any class that a nucleated cell may have. *At the threshold*: cells that one
runtime counts and the other does not, whose scores both lie within {near:g} of the threshold. *Otherwise*: cells that
one counts and the other does not for any other reason. AP is COCO's mean of all hypotheses, over these images alone.
"""


@dataclass
class Difference:
    """How far two runtimes are apart on some images."""

    cells: int = 0
    score: float = 0.0
    probability: float = 0.0
    classes: int = 0
    at_threshold: int = 0
    otherwise: int = 0

    def add(self, one: Detections, two: Detections, threshold: float) -> None:
        """Take in what both found in an image."""
        overlap = box_iou(one.boxes, two.boxes)
        first, second = linear_sum_assignment(overlap, maximize=True)
        there = overlap[first, second] >= SAME_PLACE
        first, second = first[there], second[there]
        scores = one.scores[first], two.scores[second]
        counted = tuple(each >= threshold for each in scores)
        near = np.maximum(*(np.abs(each - threshold) for each in scores)) <= NEAR
        self.cells += int((one.scores >= threshold).sum())
        self.score = max(self.score, float(np.abs(scores[0] - scores[1]).max(initial=0)))
        self.at_threshold += int((near & (counted[0] != counted[1])).sum())
        alone = np.concatenate([np.delete(one.scores, first), np.delete(two.scores, second)]) >= threshold
        self.otherwise += int((~near & (counted[0] != counted[1])).sum() + alone.sum())
        both = counted[0] & counted[1]
        self.classes += int((one.class_names[first] != two.class_names[second])[both].sum())
        if one.naming is not None and two.naming is not None:
            apart = np.abs(one.naming.probabilities[first] - two.naming.probabilities[second])[both]
            self.probability = max(self.probability, float(np.nan_to_num(apart).max(initial=0)))


def found_by(runtime: RuntimeName, card: DetectorCard, truth: Sequence[Detections], size: float) -> list[Detections]:
    """Return the cells of images, each once, down to a low score."""
    recipe = DetectionRecipe(weights=card.name, runtime=runtime, pixel_size_um=size, device="cpu")
    finder = finish(CellFinder.load_steps(card, recipe, device.choose("cpu")))
    return count_once(finish(detect_all_steps(truth, finder, recipe)))


def row(data: Path, images: int, card: DetectorCard, chosen: tuple[str, str, float, str]) -> list[str]:
    """Return the row of one set."""
    folder, part, size, classes = chosen
    every = read_annotations(data / folder, split=part)
    truth = [every[i] for i in np.linspace(0, len(every) - 1, min(images, len(every))).round().astype(int)]
    print(f"{folder}: {len(truth)} of {len(every)} images", file=sys.stderr, flush=True)
    found = {runtime: found_by(runtime, card, truth, size) for runtime in RUNTIMES}
    difference = Difference()
    for one, two in zip(*found.values(), strict=True):
        difference.add(one, two, card.score_threshold)
    by = taxonomy(classes)
    true = [field.to_taxonomy(by) for field in truth]
    precision = [
        measure_precision(
            [map_to_taxonomy(hypotheses(cells), by) for cells in of],
            [cells.to_taxonomy(by) for cells in of],
            true,
            threshold=card.score_threshold,
        ).overall["AP"]
        for of in found.values()
    ]
    apart = [f"{difference.cells:,}", f"{difference.score:.1e}", f"{difference.probability:.1e}"]
    counts = [f"{number:,}" for number in (difference.classes, difference.at_threshold, difference.otherwise)]
    return [f"{folder}, {part}", f"{len(truth)}", *apart, *counts, *(f"{ap:.4f}" for ap in precision)]


def main() -> int:
    """Compare, print the page and write it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of both sets")
    parser.add_argument("--images", type=int, default=20, help="of each set")
    parser.add_argument("--weights", default=DetectionRecipe().weights)
    parser.add_argument("--write", action="store_true", help="write the page, too")
    options = parser.parse_args()
    card = weights.detector_card(options.weights)
    head = ["images of", "number", "cells", "score apart", "probability apart", "other class", "at the threshold"]
    head += ["otherwise", "AP, torch", "AP, OpenVINO"]
    rows = [row(options.data, options.images, card, chosen) for chosen in SETS]
    text = TEXT.format(
        command=f"python benchmarks/runtimes.py DATA --images {options.images} --write",
        images=options.images,
        machine=machine("torch", "torchvision", "openvino"),
        name=card.name,
        threshold=card.score_threshold,
        rows=table(head, rows),
        iou=SAME_PLACE,
        near=NEAR,
    )
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
