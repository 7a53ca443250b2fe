"""Write docs/results/segmentation.md from the reports of `hemalens evaluate segmentation`.

The folder given holds a report of each of the commands on the page, in the folders that its `--out` names.
"""

import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

from napari_hemalens.atomic import writing
from napari_hemalens.evaluation.segmentation import SegmentationReport

PAGE = Path(__file__).parent / "results" / "segmentation.md"

RUNS = (
    (
        "Fluorescent nuclei, held out",
        "The 3 fields of `val.csv`. Nothing was tuned on them for this page.",
        "nuclei_val",
        "--data micronuclei --split val",
    ),
    (
        "Fluorescent nuclei, the other fields",
        "The 30 fields of `train.csv`, for comparison: more slides, and more kinds of cells.",
        "nuclei_train",
        "--data micronuclei --split train",
    ),
    (
        "White cells of smears",
        "Crops of single cells; the 1st, 9th, 17th … by name are left out, since every eighth was looked at while the "
        "method was made.",
        "leukocytes",
        "--data leukocytes --leave-out 8",
    ),
)


def section(title: str, about: str, folder: Path, options: str) -> str:
    """Return the part of the page about one report."""
    report = SegmentationReport(**json.loads((folder / "report.json").read_text(encoding="utf-8")))
    command = f"hemalens evaluate segmentation {options} --out {folder.name}"
    return f"## {title}\n\n{about}\n\n```\n$ {command}\n```\n\n{report.markdown()}"


def page(reports: Path) -> str:
    """Return the whole page."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "scipy", "scikit-image"))
    parts = [
        "# Segmentation: cells and nuclei without a network\n",
        "Sets: `micronuclei` (mnfinder, DNA fluorescence, labels) and `leukocytes` (segmentation_WBC, masks of "
        "nucleus and cytoplasm). No pixel size was given, and every option is its default.\n",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}. "
        "Written by `python docs/make_segmentation_results.py FOLDER` from the reports of the commands below.\n",
    ]
    return "\n".join(
        [*parts, *(section(title, about, reports / name, options) for title, about, name, options in RUNS)]
    )


if __name__ == "__main__":
    text = page(Path(sys.argv[1]))
    with writing(PAGE) as file:
        file.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
