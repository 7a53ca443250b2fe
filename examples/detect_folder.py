"""Detect the cells of every image in a folder; the counts of all fields make one differential.

    python examples/detect_folder.py [FOLDER [RESULTS]]

Without arguments: three small fields of a rendered blood smear, made on the spot.
"""

import sys
import tempfile
from pathlib import Path

import napari_hemalens as hemalens
from napari_hemalens.progress import Progress, finish
from napari_hemalens.rendering.dataset import render_fields_steps
from napari_hemalens.slides.open import images_in
from napari_hemalens.workflows import Batch, detect_files_steps


def rendered(folder: Path) -> Path:
    """Render three fields at 0.15 um a pixel and return their folder."""
    finish(render_fields_steps(folder, fields=3, shape=(480, 640), pixel_size_um=0.15, tissue="blood"))
    return folder / "images"


def detect_all(folder: Path, out: Path) -> Batch:
    """Detect in one image after the other, saying how far it is."""
    recipe = hemalens.DetectionRecipe(tissue="blood", pixel_size_um=0.15)
    steps = detect_files_steps(images_in([folder]), recipe, out, formats=("csv", "geojson"))
    # A long operation yields where it is. To run it without a word: finish(steps).
    while True:
        try:
            step: Progress = next(steps)
        except StopIteration as end:
            return end.value
        print(f"{step.done} of {step.total}: {step.message}")


with tempfile.TemporaryDirectory() as temporary:
    images = Path(sys.argv[1]) if len(sys.argv) > 1 else rendered(Path(temporary))
    results = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("cells_of_a_folder")
    batch = detect_all(images, results)

for reason in batch.failed.values():
    print("not read:", reason)

pooled = hemalens.pooled_differential(batch.fields, tissue="blood")
print()
print(hemalens.differential_text(pooled))
