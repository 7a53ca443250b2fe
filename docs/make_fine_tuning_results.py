"""Write docs/results/fine-tuning.md: what a few annotated images of another laboratory do for the packed detector.

    python docs/make_fine_tuning_results.py BCCD OUT [IMAGES…]

BCCD is the folder of BCCD_Dataset (Pascal VOC). For each number of IMAGES (8), the first of its part train are learned
from by the recipe `fine-tune`, the four behind the longest of these lists choose the score threshold, and the part val
is measured on. Trainings are kept in OUT and resumed. What stands below the page's last heading is written by hand and
kept.
"""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from napari_hemalens import workflows
from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.presets import DETECTION
from napari_hemalens.evaluation.detection import DetectionReport
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import finish

PAGE = Path(__file__).parent / "results" / "fine-tuning.md"
KEPT = "## What it says\n"
PIXEL_SIZE = 0.07  # µm, estimated from the red cells of all images
TAXONOMY = "blood-3"  # BCCD's own three classes
CHOOSE = 4
PRESET = "fine-tune"


def write_part(data: Path, out: Path, part: str, names: Sequence[str]) -> None:
    """List images of a set in a folder that has them by links."""
    lists = out / "ImageSets" / "Main"
    lists.mkdir(parents=True, exist_ok=True)
    (lists / f"{part}.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    for place in ("JPEGImages", "Annotations"):
        if not (out / place).exists():
            (out / place).symlink_to((data / place).resolve(), target_is_directory=True)


def names_of(data: Path, part: str) -> list[str]:
    """Return the names of a part of BCCD."""
    return (data / "ImageSets" / "Main" / f"{part}.txt").read_text(encoding="utf-8").split()


def measured(data: Path, weights: str) -> DetectionReport:
    """Measure weights on the part val."""
    recipe = DetectionRecipe(weights=weights, pixel_size_um=PIXEL_SIZE)
    return finish(workflows.evaluate_detection_steps(data, recipe, taxonomy=TAXONOMY))


def learned(data: Path, out: Path, images: int, choose: Sequence[str]) -> DetectionReport:
    """Fine-tune on the first images of the part train, and measure."""
    place, name = out / f"set-{images}", f"bccd-{images}"
    write_part(data, place, "train", names_of(data, "train")[:images])
    write_part(data, place, "val", choose)
    new = NewWeights(out / name, name)
    if not new.file.with_suffix(".json").exists():
        finish(workflows.train_detection_steps([place], DETECTION[PRESET], new, pixel_size_um=PIXEL_SIZE))
    return measured(data, str(new.file))


def row(name: str, report: DetectionReport) -> str:
    """Return a row of the table."""
    cells = [f"{report.overall['AP50']:.3f}", f"{report.counted['AP50']:.3f}"]
    for of_class in report.classes.values():
        cells += [f"{of_class['counted AP50']:.3f}", f"{of_class['F1']:.3f}", f"{of_class['bias']:+.1f}"]
    return f"| {name} | {' | '.join(cells)} |"


def page(reports: Mapping[str, DetectionReport], arguments: str) -> str:
    """Return the page but for what is written by hand."""
    packed = next(iter(reports.values()))
    of_classes = [f"{name}: AP50 | F1 | bias" for name in packed.classes]
    heads = " | ".join(("", "AP50, all hypotheses", "AP50, counted", *of_classes))
    columns = 3 + 3 * len(of_classes)
    numbers = ", ".join(f"{of['cells']:,} {name}" for name, of in packed.classes.items())
    recipe = DETECTION[PRESET]
    return "\n".join(
        [
            "# A few images of your own\n",
            f"Machine: {platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, "
            f"torch {metadata.version('torch')}. Written by `python docs/make_fine_tuning_results.py {arguments}`.\n",
            "BCCD, a laboratory that the packed weights never saw; its three classes, whose names they do not have. "
            f"The first images of its part train were learned from by the recipe `{PRESET}` "
            f"({recipe.epochs:g} passes, at least {recipe.least_steps} steps), {CHOOSE} others chose the score "
            f"threshold, and the {packed.images} images of the part val were measured ({numbers}), at {PIXEL_SIZE} µm "
            "a pixel, which is estimated from the red cells. AP50 of each class is that of what is counted; bias is of "
            "the count per image.\n",
            f"| {heads} |",
            f"|---|{'---:|' * (columns - 1)}",
            *(row(name, report) for name, report in reports.items()),
            "",
            "",
        ]
    )


if __name__ == "__main__":
    DATA, OUT = (Path(name) for name in sys.argv[1:3])
    NUMBERS = [int(number) for number in sys.argv[3:]] or [8]
    last = names_of(DATA, "train")[max(NUMBERS) :][:CHOOSE]
    found = {f"`{DETECTION[PRESET].start}` as it is": measured(DATA, str(DETECTION[PRESET].start))}
    for few in NUMBERS:
        found[f"fine-tuned on {few} images"] = learned(DATA, OUT, few, last)
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else KEPT
    said = " ".join([DATA.name, "OUT", *map(str, NUMBERS)])
    text = page(found, said) + before[before.index(KEPT) :]
    with writing(PAGE) as file:
        file.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
