"""Measure the packed weights and write docs/results/detection.md: `make results DATA=folder`.

The folder holds `smear_detection/` (COCO) and `bccd/` (Pascal VOC). Minutes on a laptop.
"""

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import BY_DETECTOR, DetectionRecipe
from napari_hemalens.evaluation.detection import DetectionReport
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import finish
from napari_hemalens.workflows import evaluate_detection_steps

PAGE = Path(__file__).parent / "results" / "detection.md"
SAMPLES = Path(__file__).parent.parent / "sample_data"
NAME = DetectionRecipe().weights

RUNS = (
    (
        "Held-out fields, 12 classes",
        "`val.json` of the set that was trained on. The score threshold was chosen on these images: an unbiased figure "
        "needs the set's own test part, which is not here.",
        "smear_detection",
        {"split": "val", "pixel_size": 0.11, "taxonomy": None},
    ),
    (
        "Another laboratory, three classes",
        "BCCD was never trained on. WBC takes in every nucleated class. Its truth leaves out most red cells at the "
        "edge and many in clumps: they are found, and count as wrong. Its boxes are loose, which tight ones pay for.",
        "bccd",
        {"split": "val", "pixel_size": 0.07, "taxonomy": "blood-3"},
    ),
    (
        "The same, the other list of images",
        "The two lists of BCCD together would be 292 images; this is the longer one.",
        "bccd",
        {"split": "train", "pixel_size": 0.07, "taxonomy": "blood-3"},
    ),
    (
        "The same without a pixel size",
        "What a user gets who does not know the pixel size: it is read off the red cells of each image.",
        "bccd",
        {"split": "val", "pixel_size": None, "taxonomy": "blood-3"},
    ),
)


def measured(name: str, data: Path, options: dict[str, Any], naming: str | None = None) -> DetectionReport:
    """Measure weights once."""
    recipe = DetectionRecipe.from_options(weights=name, pixel_size_um=options["pixel_size"], naming=naming)
    return finish(evaluate_detection_steps(data, recipe, split=options["split"], taxonomy=options["taxonomy"]))


def command(data: Path, options: dict[str, Any]) -> str:
    """Return what to type for it."""
    size, taxonomy = options["pixel_size"], options["taxonomy"]
    typed = f"hemalens evaluate detection --data {data.name} --split {options['split']}"
    return typed + (f" --pixel-size {size}" if size else "") + (f" --taxonomy {taxonomy}" if taxonomy else "")


def section(title: str, about: str, data: Path, options: dict[str, Any]) -> str:
    """Measure once and return the part of the page about it."""
    text = measured(NAME, data, options).text()
    return f"## {title}\n\n{about}\n\n```\n$ {command(data, options)}\n{text}\n```\n"


def side_by_side(data: Path) -> str:
    """Return the part of the page about all packed detectors, on the first two sets."""
    runs = [(data / folder, options) for _, _, folder, options in RUNS[:2]]
    lines = [
        "## The packed detectors beside each other\n",
        "Cells are named by a classifier, but by `marrow-robust`, which bears blur better than the classifier does, "
        "and in the last line.\n",
        *(f"`{command(*run)} --weights NAME`\n" for run in runs),
        f"| weights | {' | '.join(f'{run[0].name}: AP | AP50 | counted AP | counted AP50' for run in runs)} |",
        f"| --- |{' ---: |' * 4 * len(runs)}",
    ]
    rows = [(name, None) for name in weights.packed(DetectorCard)] + [(NAME, BY_DETECTOR)]
    for name, naming in rows:
        found = [measured(name, *run, naming) for run in runs]
        cells = (
            f"{of[key]:.3f}" for report in found for of in (report.overall, report.counted) for key in ("AP", "AP50")
        )
        typed = f"{name} --naming {naming}" if naming else name
        lines.append(f"| `{typed}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page(data: Path) -> str:
    """Return the whole page."""
    card = weights.detector_card(NAME)
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "torchvision", "faster-coco-eval"))
    parts = [
        "# Detection: what the packed weights can do\n",
        f"Weights `{card.name}` (sha256 `{card.sha256[:16]}…`): {card.description}. {card.data}\n",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}. "
        "Written by `make results DATA=…` (`docs/make_results.py`).\n",
        "AP, AP50, AP75: COCO average precision, the mean over classes; S, M, L: boxes below 32 x 32, below 96 x 96, "
        "and larger, in pixels of the image. *All hypotheses*: a cell under every class that the network offers for "
        "it, as papers give it. *Counted*: each nucleated cell once, under its likeliest class, from the score "
        "threshold on, as a user gets it; recipes are chosen by this one. F1 (IoU 0.5), bias, MAE and correlation are "
        "of the counted cells.\n",
    ]
    parts += [section(title, about, data / folder, options) for title, about, folder, options in RUNS]
    parts.append(side_by_side(data))
    parts.append(
        section(
            "The rendered sample smears",
            "The renderer also made 250 of the training fields (other seeds): this shows that the tool works, not how "
            "good it is.",
            SAMPLES,
            {"split": "truth", "pixel_size": None, "taxonomy": None},
        )
    )
    return "\n".join(parts)


if __name__ == "__main__":
    text = page(Path(sys.argv[1]))
    with writing(PAGE) as file:
        file.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
