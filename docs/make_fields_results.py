"""Write docs/results/fields.md of an experiment that is done, and measure the packed weights of whole fields.

    python docs/make_fields_results.py OUT SETS

OUT is the folder of `hemalens experiment fields`, SETS what `hemalens prepare field` has made of the real images.
What stands below the line of the page's last heading is written by hand and kept.
"""

import json
import os
import platform
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

from make_experiment_results import command

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.models import weights
from napari_hemalens.progress import finish
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.workflows import CellSelection, evaluate_classification_steps

PAGE = Path(__file__).parent / "results" / "fields.md"
KEPT = "## What was tried\n"
_PICTURE = re.compile(r"\(([a-z_]+-[a-z_]+)/([a-z]+)\.png\)")


def experiment(out: Path) -> str:
    """Return the tables of the experiment, with its pictures copied beside the page."""
    text = (out / "table.md").read_text(encoding="utf-8")
    for folder, picture in _PICTURE.findall(text):
        shutil.copyfile(out / folder / f"{picture}.png", PAGE.parent / f"fields-{folder}-{picture}.png")
    text = _PICTURE.sub(r"(fields-\1-\2.png)", text)
    runs = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(out.glob("fields-*/run.json"))]
    run = runs[0] | ({"stain": "both"} if len(runs) > 1 else {})
    title, rest = text.split("\n", 1)
    return f"{title}\n\n{machine()}\n\n```\n$ {command(run)}\n```\n{rest}"


def machine() -> str:
    """Return what this was computed on."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "torchvision", "torchmetrics"))
    return (
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, of which training took one; Python "
        f"{platform.python_version()}, {versions}. Written by `docs/make_fields_results.py`; `hemalens prepare field` "
        "made the set `field` of `all_fields`."
    )


def packed(sets: Path) -> str:
    """Measure the packed weights and return the part of the page about them."""
    card = weights.classifier_card(TASKS["field"].weights)
    parts = [
        f"## The packed weights: `{card.name}`\n",
        f"{card.description}, {card.file.stat().st_size / 1e6:.1f} MB (sha256 `{card.sha256[:16]}…`). {card.data}\n",
        "The last fifth of the files of each class; nothing was chosen on them but the temperature. In the perturbed "
        "images, each colour absorbs 0.6 to 1.6 times as much, under a lamp of another tint.\n",
    ]
    for perturbation in (None, "stain"):
        steps = evaluate_classification_steps(
            CellSelection(sets / "fields"), ClassificationRecipe.from_options(task="field"), perturbation=perturbation
        )
        option = f" --perturb {perturbation}" if perturbation else ""
        command = f"hemalens evaluate classification --data field/fields --split val --task field{option}"
        parts.append(f"```\n$ {command}\n{finish(steps).text()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = before[before.index(KEPT) :] if KEPT in before else ""
    page = f"{experiment(Path(sys.argv[1]))}\n{packed(Path(sys.argv[2]))}\n{kept}"
    with writing(PAGE) as file:
        file.write_text(page.rstrip() + "\n", encoding="utf-8")
    sys.stdout.write(page)
