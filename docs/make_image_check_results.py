"""Write docs/results/image_check.md: which images of public sets get a note, and which faults are noticed.

    python docs/make_image_check_results.py DATA

DATA is the folder with the sets of images. What stands below the line of the page's last heading is written by hand and
kept.
"""

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from napari_hemalens import detect
from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.evaluation.perturbations import FIELD_PERTURBATIONS, Pixels
from napari_hemalens.formats.images import IMAGE_SUFFIXES
from napari_hemalens.inference.image_check import image_notes
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.weights import detector_card
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.notes import fault_of
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.open import open_image

PAGE = Path(__file__).parent / "results" / "image_check.md"
KEPT = "## What it says\n"
LARGEST = 512  # pixels; of larger images a corner is enough
CHANGED = 10  # images of each set that are spoiled on purpose


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Images of one kind: where they lie, how many are looked at, and their pixel size if it is known."""

    folder: str
    shows: str
    images: int
    pixel_size_um: float | None = None


SMEARS = (
    ImageSet("smear_detection/images", "blood smears", 50, 0.1),
    ImageSet("bccd/JPEGImages", "blood smears, soft focus", 50, 0.07),
    ImageSet("marrow_cells/images", "marrow aspirate, a cell each", 100, 0.09),
    ImageSet("marrow_fields/images", "marrow aspirate, fields", 50, 0.165),
)
OTHERS = (
    ImageSet("all_fields", "smears, low magnification, white ground", 24),
    ImageSet("leukocytes/images", "single white cells", 24),
    ImageSet("marrow_histology/images", "sections, H&E", 11, 0.25),
    ImageSet("micronuclei/images", "fluorescence of DNA", 12, 0.3),
)
FAULTS = {
    "dark": "Dark ground, as of fluorescence",
    "grey": "Grey image",
    "section": "Looks like a tissue section (H&E)",
    "pixel size": "Pixel size doubtful",
    "not known": "Pixel size unknown",
    "coarse": "Low magnification",
    "red cells": "Few red cells among the nucleated ones",
    "focus": "Out of focus",
    "exposure": "Overexposed",
}
LIGHT = (*(("blur", level) for level in (0.15, 0.3, 0.45, 0.6)), *(("white", level) for level in (0.2, 0.4)))
SIZES = (0.5, 0.7, 1.4, 2.0)


def pictures(of: ImageSet, data: Path, most: int) -> Iterator[tuple[str, Pixels]]:
    """Yield name and pixels of images spread evenly over the names of a set."""
    files = sorted(path for path in (data / of.folder).rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    for row in np.unique(np.linspace(0, len(files) - 1, min(most, of.images)).astype(int)):
        with open_image(files[row]) as slide:
            height, width = (min(side, LARGEST) for side in slide.shape)
            yield files[row].name, slide.read(0, 0, height, width)


def found_in(pixels: Pixels, size: float | None) -> Detections:
    """Return the cells of an image, with the notes about it."""
    return detect(from_array(pixels, axes="YXC"), pixel_size_um=size, device="cpu")


def shares(notes: Sequence[Sequence[str]]) -> list[str]:
    """Return the share of images with a note about each fault, then with any, as cells of a table."""
    faults = [{fault_of(note) for note in each} for each in notes]
    counted = [sum(title in each for each in faults) for title in FAULTS.values()]
    return [f"{100 * n / len(notes):.0f}" if n else "" for n in (*counted, sum(map(bool, faults)))]


def table(first: Sequence[str], lines: Sequence[Sequence[str]], last: Sequence[str]) -> str:
    """Return a table in Markdown."""
    head = (*first, *last)
    ruler = ("---",) * len(first) + ("---:",) * len(last)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ruler, *lines)) + "\n"


def as_they_are(data: Path) -> str:
    """Return the table of unchanged images."""
    lines = []
    for of in (*SMEARS, *OTHERS):
        notes = [found_in(pixels, of.pixel_size_um).provenance.notes for _, pixels in pictures(of, data, of.images)]
        lines.append([f"`{of.folder.partition('/')[0]}`", of.shows, str(len(notes)), *shares(notes)])
        sys.stderr.write(f"{lines[-1]}\n")
    return table(("images", "what they show", "n"), lines, (*FAULTS, "any"))


def spoiled(of: ImageSet, data: Path, card: DetectorCard) -> Mapping[str, list[float]]:
    """Return how often each fault is noticed at each amount, as shares of the images of a set."""
    noticed: dict[str, list[bool]] = {}

    def add(name: str, fault: str, notes: Sequence[str]) -> None:
        noticed.setdefault(name, []).append(FAULTS[fault] in map(fault_of, notes))

    for _, pixels in pictures(of, data, CHANGED):
        cells = found_in(pixels, of.pixel_size_um)
        for kind, level in LIGHT:
            changed = FIELD_PERTURBATIONS[kind].change(pixels, level, of.pixel_size_um or 0.1)
            notes = image_notes(from_array(changed, axes="YXC"), cells, card)
            add(f"{kind} {level:g}", "focus" if kind == "blur" else "exposure", notes)
        grey = np.repeat(pixels.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
        add("grey", "grey", image_notes(from_array(grey, axes="YXC"), cells, card))
        for factor in SIZES:
            size = (of.pixel_size_um or 0.1) * factor
            add(f"pixel size x {factor:g}", "pixel size", found_in(pixels, size).provenance.notes)
    sys.stderr.write(f"{of.folder}: spoiled and looked at\n")
    return {name: 100 * float(np.mean(found)) for name, found in noticed.items()}


def page(data: Path, kept: str) -> str:
    """Return the whole page."""
    card = detector_card(DetectionRecipe().weights)
    found = {of.folder.partition("/")[0]: spoiled(of, data, card) for of in SMEARS}
    amounts = list(next(iter(found.values())))
    lines = [[amount, *(f"{of[amount]:.0f}" for of in found.values())] for amount in amounts]
    parts = [
        "# Images that are not what the weights know\n",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, "
        f"torch {metadata.version('torch')}. Written by `docs/make_image_check_results.py`. Weights `{card.name}` "
        f"(sha256 `{card.sha256[:16]}…`).\n",
        "```\n$ python docs/make_image_check_results.py DATA\n```\n",
        "Per cent of the images that get a note, and about what (`inference/image_check.py`); empty: none. Of images "
        f"larger than {LARGEST} pixels a corner is looked at. Pixel sizes are given for the first four and the last "
        "two sets, and estimated for the others.\n",
        as_they_are(data),
        f"## {CHANGED} images of each set of smears, spoiled on purpose\n",
        "Per cent of them in which that very fault is noticed. Blur: standard deviation in µm; white: clipped as by so "
        "much more light; pixel size: given wrongly by a factor. For blur, white and grey, cells are those of the "
        "unspoiled image.\n",
        table(("spoiled by",), lines, [f"`{name}`" for name in found]),
    ]
    return "\n".join(parts) + "\n" + kept


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else KEPT
    text = page(Path(sys.argv[1]), before[before.index(KEPT) :])
    with writing(PAGE) as file:
        file.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
