"""Detect the cells of one image, print the differential count, save picture and tables.

    python examples/detect_one_image.py [IMAGE [FOLDER]]

Without arguments: the blood smear of the sample data, into `cells_of_one_image/`.
"""

import sys
from pathlib import Path

import napari_hemalens as hemalens
from napari_hemalens.figures.detections import overlay
from napari_hemalens.slides.open import open_image
from napari_hemalens.workflows import write_results

SAMPLE = Path(__file__).parents[1] / "sample_data" / "blood_smear.tif"

image = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("cells_of_one_image")

# Options that are not given are those of the weights; `pixel_size_um=0.1` for an image that does not say its own.
recipe = hemalens.DetectionRecipe(tissue="blood")

with open_image(image) as slide:
    cells = hemalens.detect(slide, recipe)
    out.mkdir(parents=True, exist_ok=True)
    overlay(slide, cells).save(out / "overlay.png")

print(hemalens.differential_text(cells.differential(tissue=recipe.tissue)))

# cells.csv, counts.csv, differential.csv, coco.json, and run.json, which says how to make them again.
write_results([cells], recipe, out, formats=("csv", "coco"))

# A record is numpy arrays: boxes (N, 4) as y0, x0, y1, x1 in pixels, scores (N,), classes (N,).
sure = cells.above(0.9)
print(f"\n{len(sure)} of {len(cells)} cells have a score of 0.9 or more; written to {out}")
