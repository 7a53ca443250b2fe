"""Write a page of docs/results of fields and cells that were compared, and measure the packed weights of whole fields.

    python docs/make_fields_results.py OUT PAGE [SETS]

OUT is the folder of `hemalens experiment fields`, PAGE such as fields.md. Where SETS is given, which is what `hemalens
prepare field` has made of the real images, the packed weights are measured, too. From its heading *What was tried* on,
a page is written by hand and kept.
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

RESULTS = Path(__file__).parent / "results"
KEPT = "## What was tried\n"
_PICTURE = re.compile(r"\(([a-z_]+-[a-z_]+)/([a-z]+)\.png\)")


def experiment(out: Path, page: Path) -> str:
    """Return the tables of the experiment, with its pictures copied beside the page."""
    text = (out / "table.md").read_text(encoding="utf-8")
    for folder, picture in _PICTURE.findall(text):
        shutil.copyfile(out / folder / f"{picture}.png", page.with_name(f"{page.stem}-{folder}-{picture}.png"))
    text = _PICTURE.sub(rf"({page.stem}-\1-\2.png)", text)
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
    page = RESULTS / sys.argv[2]
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    kept = before[before.index(KEPT) :] if KEPT in before else ""
    measured = packed(Path(sys.argv[3])) if len(sys.argv) > 3 else ""
    text = "\n".join(part for part in (experiment(Path(sys.argv[1]), page), measured, kept) if part)
    with writing(page) as file:
        file.write_text(text.rstrip() + "\n", encoding="utf-8")
    sys.stdout.write(text)
