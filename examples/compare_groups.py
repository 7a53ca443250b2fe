"""A project of slides: its table, a queue of runs, and two groups of patients compared.

    python examples/compare_groups.py [PROJECT IMAGES TABLE]

IMAGES is a folder, TABLE has the columns path, patient and group. Without arguments: six small fields of a rendered
smear, dealt out to two groups. They are rendered alike, so no difference is to be found.
"""

import csv
import sys
from pathlib import Path

from napari_hemalens import DetectionRecipe
from napari_hemalens.progress import finish
from napari_hemalens.rendering.dataset import render_fields_steps
from napari_hemalens.workflows.project_comparison import compare_project, comparison_text
from napari_hemalens.workflows.project_queue import queue_run, run_queue_steps
from napari_hemalens.workflows.project_slides import add_slides
from napari_hemalens.workflows.teaching import open_project


def rendered(folder: Path) -> tuple[Path, Path]:
    """Render six fields, and write whose they are: three patients in each of two groups."""
    finish(render_fields_steps(folder, fields=6, shape=(256, 384), pixel_size_um=0.15, tissue="marrow"))
    images, table = folder / "images", folder / "patients.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "patient", "group"))
        for i, image in enumerate(sorted(images.iterdir())):
            rows.writerow((f"images/{image.name}", f"P{i + 1}", ("control", "case")[i % 2]))
    return images, table


project = Path(sys.argv[1] if len(sys.argv) > 1 else "compared_project")
images, table = map(Path, sys.argv[2:4]) if len(sys.argv) > 3 else rendered(Path("rendered_for_comparison"))

with open_project(project):  # no window has it open meanwhile
    slides = add_slides(project, [images], table)
print(f"{len(slides)} slides, groups {' and '.join(slides.groups())}")

queue_run(project, "detect", DetectionRecipe(pixel_size_um=0.15))
for step in run_queue_steps(project):  # stopped here, it goes on from here when it is run again
    print(step.message)

compared = compare_project(project, groups=("control", "case"))
print()
print(comparison_text(compared.found))
print("Page:", compared.page)
