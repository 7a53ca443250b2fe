"""Measure the packed classifiers and write docs/results/classification.md.

    python docs/make_classification_results.py DATA SETS

DATA is the folder of real images, SETS one with `all/` and `leukocyte/` as `hemalens prepare` makes them of DATA.
What stands below the line of the page's last heading is written by hand and kept.
"""

import os
import platform
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.models import weights
from napari_hemalens.progress import finish
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.workflows import CellSelection, evaluate_classification_steps

PAGE = Path(__file__).parent / "results" / "classification.md"
KEPT = "## What was tried\n"


@dataclass(frozen=True)
class Run:
    """One task: which cells are held back, what is perturbed in them, and of which images figures are given apart."""

    task: str
    folder: str
    about: str
    perturbations: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


RUNS = (
    Run(
        "micronucleus",
        "micronuclei",
        "`val.csv`: three fields, on which recipe, epoch, threshold and temperature were chosen: optimistic. Five "
        "folds over the training fields follow below.",
    ),
    Run(
        "all",
        "all",
        "The last fifth of the files of each class of `all_fields` (no patient ids: the figure may be optimistic) and "
        "of `leukocytes`, and `val.json` of `smear_detection`, whose healthy cells are normal. Every crop is brought "
        "to one stain and one sharpness, and all around the cell is hidden. Perturbed images show how much it matters "
        "how they were stained, what lies around the cell, and how sharp they are.",
        ("stain", "background", "focus"),
        ("benign-*", "early-*", "pre-*", "pro-*"),
    ),
    Run(
        "leukocyte",
        "leukocyte",
        "Every fifth image of `leukocytes` and the white cells of `val.json` of `smear_detection`; band and segmented "
        "are neutrophils.",
        ("stain", "background", "focus"),
    ),
)


def section(run: Run, data: Path) -> str:
    """Measure one task and return the part of the page about it."""
    card = weights.classifier_card(TASKS[run.task].weights)
    parts = [
        f"## {TASKS[run.task].title}: `{card.name}`\n",
        f"{card.description}, {card.file.stat().st_size / 1e6:.1f} MB (sha256 `{card.sha256[:16]}…`). {card.data}\n",
        f"{run.about}\n",
    ]
    recipe = ClassificationRecipe.from_options(task=run.task)
    for perturbation, only in (
        (None, ()),
        *([(None, run.only)] if run.only else []),
        *((name, ()) for name in run.perturbations),
    ):
        report = finish(
            evaluate_classification_steps(CellSelection(data, only=only), recipe, perturbation=perturbation)
        )
        options = "".join(
            [f" --perturb {perturbation}" if perturbation else "", *(f" --only '{name}'" for name in only)]
        )
        command = f"hemalens evaluate classification --data {run.folder} --split val --task {run.task}{options}"
        parts.append(f"```\n$ {command}\n{report.text()}\n```\n")
    return "\n".join(parts)


def page(data: Path, sets: Path, kept: str) -> str:
    """Return the whole page."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "torchvision", "torchmetrics"))
    head = [
        "# Classification: what the packed weights can do\n",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}. "
        "Written by `docs/make_classification_results.py`. `hemalens prepare` made the sets `all` and `leukocyte`.\n",
        "F1, sensitivity, specificity, precision: of the class that is looked for, at the threshold of the weights; "
        "with five types, F1 is their mean. AUC: area under the ROC curve. AP: average precision. ECE: expected "
        "calibration error, 15 bins.\n",
    ]
    places = [(run, (data if run.task == "micronucleus" else sets) / run.folder) for run in RUNS]
    return "\n".join([*head, *(section(run, place) for run, place in places)]) + "\n" + kept


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    text = page(Path(sys.argv[1]), Path(sys.argv[2]), before[before.index(KEPT) :] if KEPT in before else "")
    with writing(PAGE) as file:
        file.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
