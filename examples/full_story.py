"""Find the cells of a smear, name its leukocytes, and see where the network looked: no window, no napari.

    python examples/full_story.py [IMAGE [PICTURE]]

Without arguments: the blood smear of the sample data, into `full_story.png`.
"""

import sys
from pathlib import Path

import napari_hemalens as hemalens
from napari_hemalens.heatmaps.files import heatmap_picture
from napari_hemalens.segmentation.ellipses import nucleated_labels
from napari_hemalens.slides.open import open_image

SAMPLE = Path(__file__).parents[1] / "sample_data" / "blood_smear.tif"

image = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("full_story.png")

with open_image(image) as slide:
    cells = hemalens.detect(slide, tissue="blood")
    print(hemalens.differential_text(cells.differential(tissue="blood")))

    # An ellipse for each nucleated cell, its number one more than its row in `cells`; any labels (H, W) would do.
    labels = nucleated_labels(cells)
    named = hemalens.classify(slide, labels, task="leukocyte")
    print("\nBy the classifier:", ", ".join(f"{count} {name}" for name, count in named.counts().items()))

    looked = hemalens.explain(slide, labels, task="leukocyte")
    heatmap_picture(slide, labels, looked).save(out)
    print(f"Where it looked ({looked.method}): {out}")
