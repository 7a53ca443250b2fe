"""Whether OpenVINO finds the cells that torch finds, in 32, 16 and 8 bits: scores, cells, classes, average precision.

    python benchmarks/runtimes.py DATA --keep FOLDER [--images 20] [--cells 100] [--form int8] [--write]

DATA holds `smear_detection/` (COCO), `bccd/` (Pascal VOC) and `marrow_cells/` (a cell of known class an image). All
look at the same images, the first to the last of the part in equal steps, as `hemalens evaluate` does. The form of int8
is the user's, or is made on images of smear_detection's part `train` if there is none. What each finds is kept in
FOLDER: a run that was stopped goes on, and several processes measure a `--form` each before one writes the page.
"""

import argparse
import pickle
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from agreement import NEAR, SAME_PLACE, Difference
from machine import machine
from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.evaluation.detection import count_once, detect_all_steps, map_to_taxonomy, measure_precision
from napari_hemalens.evaluation.known_cells import find_known_steps
from napari_hemalens.formats import cell_table, read_annotations
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.inference.naming import hypotheses
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.int8_cards import LOSSES, Int8Card
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import taxonomy
from napari_hemalens.training.public_cells import LICENCES, SOURCES, write_table
from napari_hemalens.workflows import quantise_weights_steps
from report import table

T = TypeVar("T")

PAGE = Path(__file__).parents[1] / "docs" / "results" / "runtimes.md"
SETS = (("smear_detection", "val", 0.11, "marrow-12"), ("bccd", "val", 0.07, "blood-3"))
"""Folder, part, micrometres a pixel, classes."""
FITTED = 64  # images of the form of int8
FORMS: Mapping[str, Mapping[str, str]] = {
    "torch": {"runtime": "torch"},
    "OpenVINO": {"runtime": "openvino"},
    "bfloat16": {"runtime": "openvino", "precision": "half"},
    "int8": {"runtime": "openvino", "precision": "int8"},
}
"""What is compared, the first with all others: options of a run."""

TEXT = """# Whether OpenVINO finds what torch finds

Written by `python {command}`: all images of a set, or so many in equal steps from its first to its last.

{machine}.
Weights {name}, score threshold {threshold:.4f}; torch computes in 32 bits, and so does OpenVINO; *bfloat16*
(`--precision half`) and *int8* are OpenVINO in fewer bits, *int8* of the detector alone: what names its cells stays in
32 bits. What lies around its parts is torch's, in 32 bits; in *bfloat16* and *int8*, regions are pooled and seen in
bfloat16, and so is all of *int8* that is in no 8 bits, where the processor has such numbers.{unmeasured}

## The same cells

{rows}

*Score apart* is the largest difference from torch of a score between boxes in one place (an IoU of {iou:g} or more),
from a score of 0.05 on; *probability apart* that of any class that a nucleated cell may have. *At the threshold*: cells
that one counts and the other does not, whose scores both lie within {near:g} of the threshold. *Otherwise*: cells that
one counts and the other does not for any other reason.

## As good

{precision}

AP is COCO's mean of all hypotheses, over these images; the second is the mean over classes of the marrow cells in the
middle of their images that are found and named right ({cells:,} cells of marrow_cells, val). In brackets what is
lost against torch. A form is taken if it loses less than {ap:g} of AP and {named:g} of the cells named right:
{verdict}.

{fitted}
"""


@dataclass
class Measuring:
    """One set of weights in every form, on some data.

    Attributes
    ----------
    data, keep : Path
        Folder of the sets; folder of what was found before.
    card : DetectorCard
        The weights.
    images, cells : int
        How many of each set, and of marrow.
    forms : sequence of str
        Those that are compared, the first with all others.
    """

    data: Path
    keep: Path
    card: DetectorCard
    images: int
    cells: int
    forms: Sequence[str]

    def recipe(self, form: str, size: float | None = None) -> DetectionRecipe:
        """Return the options of a run."""
        return DetectionRecipe.from_options(weights=self.card.name, pixel_size_um=size, device="cpu", **FORMS[form])

    def finder(self, form: str) -> CellFinder:
        """Return what finds cells in a form."""
        return finish(CellFinder.load_steps(self.card, self.recipe(form), device.choose("cpu")))

    def truth(self, folder: str, part: str) -> list[Detections]:
        """Return the annotated images of a set."""
        every = read_annotations(self.data / folder, split=part)
        return [every[i] for i in evenly(len(every), self.images)]

    def found(self, form: str, chosen: tuple[str, str, float, str]) -> list[Detections]:
        """Return the cells of a set, each once, down to a low score."""
        folder, part, size, _ = chosen

        def find() -> list[Detections]:
            recipe = self.recipe(form, size)
            return count_once(finish(detect_all_steps(self.truth(folder, part), self.finder(form), recipe)))

        return self._once(f"{form} {folder} {self.images}", find)

    def precision(self, form: str, chosen: tuple[str, str, float, str]) -> float:
        """Return the average precision of a form on a set."""
        folder, part, _, classes = chosen
        found, truth, by = self.found(form, chosen), self.truth(folder, part), taxonomy(classes)

        def measure() -> float:
            return measure_precision(
                [map_to_taxonomy(hypotheses(each), by) for each in found],
                [each.to_taxonomy(by) for each in found],
                [each.to_taxonomy(by) for each in truth],
                threshold=self.card.score_threshold,
            ).overall["AP"]

        return self._once(f"{form} {folder} {self.images} AP", measure)

    def known(self, form: str) -> tuple[int, float]:
        """Return how many marrow cells were looked for, and the share that a form finds and names right."""
        folder = "marrow_cells"

        def find() -> tuple[int, float]:
            with tempfile.TemporaryDirectory() as out:
                write_table(list(SOURCES[folder](self.data / folder)), Path(out), LICENCES[folder])
                cells = cell_table.read(Path(out) / "cells.csv")
            rows = np.flatnonzero(cells.parts == "val")
            known = cells.take(rows[evenly(len(rows), self.cells)])
            found = finish(find_known_steps(known, self.finder(form), self.recipe(form)))
            return len(known), found.named_right()

        return self._once(f"{form} {folder} {self.cells}", find)

    def _once(self, name: str, find: Callable[[], T]) -> T:
        """Return what was kept by that name, or find it and keep it."""
        file = self.keep / f"{self.card.sha256[:12]} {name}.pickle"
        if not file.exists():
            print(name, file=sys.stderr, flush=True)
            found = find()
            with writing(file) as whole:
                whole.write_bytes(pickle.dumps(found))
        kept: T = pickle.loads(file.read_bytes())  # noqa: S301 -- its own file
        return kept


def evenly(there: int, number: int) -> np.ndarray:
    """Return so many rows, from the first to the last."""
    return np.linspace(0, there - 1, min(number, there)).round().astype(int)


def compare(measuring: Measuring, chosen: tuple[str, str, float, str]) -> tuple[list[list[str]], dict[str, float]]:
    """Return the rows of one set, a form each, and the AP of each form."""
    folder, part, _, _ = chosen
    found = {form: measuring.found(form, chosen) for form in measuring.forms}
    precision = {form: measuring.precision(form, chosen) for form in measuring.forms}
    first, *others = found
    rows = []
    for form in others:
        difference = Difference()
        for one, two in zip(found[first], found[form], strict=True):
            difference.add(one, two, measuring.card.score_threshold)
        apart = [f"{difference.cells:,}", f"{difference.score:.1e}", f"{difference.probability:.1e}"]
        counts = [f"{number:,}" for number in (difference.classes, difference.at_threshold, difference.otherwise)]
        rows.append([f"{folder}, {part}", form, f"{len(found[first])}", *apart, *counts])
    return rows, precision


def precision_rows(measured: Mapping[str, Mapping[str, float]]) -> tuple[list[list[str]], str]:
    """Return the rows of what each form reaches, by what was measured, and which forms may be taken."""
    first, *others = next(iter(measured.values()))
    rows = [[form] for form in (first, *others)]
    taken = dict.fromkeys(others, True)
    for of, values in measured.items():
        for row in rows:
            lost = values[first] - values[row[0]]
            row.append(f"{values[row[0]]:.4f}" + ("" if row[0] == first else f" ({lost:+.4f})"))
            if row[0] != first:
                taken[row[0]] &= lost < LOSSES["AP" if of.startswith("AP") else "named right"]
    return rows, "; ".join(f"{form} {'may be' if may else 'may not be'}" for form, may in taken.items())


def form_of_int8(data: Path, card: DetectorCard) -> Int8Card:
    """Return the card of the form of int8, which is made if there is none."""
    kept = Int8Card.read(card.sha256)
    if kept is not None:
        return kept
    folder, _, size, _ = SETS[0]
    images = [each.provenance.image for each in read_annotations(data / folder, split="train")]
    recipe = DetectionRecipe(weights=card.name, pixel_size_um=size)
    return finish(quantise_weights_steps(images, recipe, number=FITTED))


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the sets")
    parser.add_argument("--keep", type=Path, required=True, help="folder for what was found")
    parser.add_argument("--images", type=int, default=20, help="of each set")
    parser.add_argument("--cells", type=int, default=100, help="of marrow")
    parser.add_argument("--weights", default=DetectionRecipe().weights)
    parser.add_argument("--form", choices=tuple(FORMS)[1:], action="append", help="torch and these alone")
    parser.add_argument("--write", action="store_true", help="write the page, too")
    return parser.parse_args()


def main() -> int:
    """Compare, print the page and write it if asked to."""
    options = arguments()
    card = weights.detector_card(options.weights)
    form = form_of_int8(options.data, card)
    forms = [each for each in FORMS if each == "torch" or each in (options.form or FORMS)]
    measuring = Measuring(options.data, options.keep, card, options.images, options.cells, forms)
    for each in forms:
        for chosen in SETS:
            measuring.found(each, chosen)
        measuring.known(each)
    rows, measured = [], {}
    for chosen in SETS:
        of_set, precision = compare(measuring, chosen)
        rows += of_set
        measured[f"AP, {chosen[0]}"] = precision
    known = {each: measuring.known(each) for each in forms}
    cells = known["torch"][0]
    measured["marrow cells named right"] = {each: share for each, (_, share) in known.items()}
    reached, verdict = precision_rows(measured)
    head = ["images of", "by", "number", "cells", "score apart", "probability apart", "other class"]
    head += ["at the threshold", "otherwise"]
    images, chosen_forms = form.images, "".join(f" --form {each}" for each in options.form or ())
    text = TEXT.format(
        command=f"benchmarks/runtimes.py DATA --keep FOLDER --images {options.images} --cells {options.cells}"
        f"{chosen_forms} --write",
        machine=machine("torch", "torchvision", "openvino", "nncf"),
        name=card.name,
        threshold=card.score_threshold,
        rows=table(head, rows),
        precision=table(["", *measured], reached),
        iou=SAME_PLACE,
        near=NEAR,
        unmeasured="" if "bfloat16" in forms else " *bfloat16* was not measured: not every processor has such numbers.",
        cells=cells,
        ap=LOSSES["AP"],
        named=LOSSES["named right"],
        verdict=verdict,
        fitted=f"The form of int8 was fitted to {len(images)} images of another part, none of which is measured here, "
        f"from {Path(images[0]).name} to {Path(images[-1]).name} (sha256 of what its parts were given: "
        f"{form.calibration[:12]}…).",
    )
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
