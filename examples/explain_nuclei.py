"""Outline the nuclei of a fluorescence image, and see where the classifier looked for their micronuclei.

    python examples/explain_nuclei.py [IMAGE [FOLDER]]

Without arguments: the rendered micronucleus assay of the sample data, into `explained_nuclei/`.
"""

import sys
from pathlib import Path

import numpy as np

import napari_hemalens as hemalens
from napari_hemalens.heatmaps.files import heatmap_picture, write_heatmap
from napari_hemalens.slides.open import open_image

SAMPLE = Path(__file__).parents[1] / "sample_data" / "micronucleus_assay" / "images" / "fluorescence.tif"

image = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("explained_nuclei")

labels = hemalens.segment(image, kind="fluorescence").labels
nuclei = hemalens.explain(image, labels, task="micronucleus")  # by the method that points best with its weights

# One array in the image's frame, for a viewer; and of each cell its crop, its heatmap, and where the crop was cut.
out.mkdir(parents=True, exist_ok=True)
write_heatmap(nuclei, out / "heat.tif")
with open_image(image) as slide:
    heatmap_picture(slide, labels, nuclei).save(out / "heat.png")

print(f"{len(nuclei)} nuclei explained by {nuclei.method}; the heatmap is in {out}/")
for row in np.flatnonzero(nuclei.cells.class_names == "micronucleus"):
    hottest = np.unravel_index(nuclei.crop_heatmaps[row].argmax(), nuclei.crop_heatmaps[row].shape)
    y0, x0, y1, _ = nuclei.windows[row]
    y, x = (np.array(hottest) + 0.5) * (y1 - y0) / nuclei.crop_heatmaps.shape[1] + (y0, x0)
    print(f"nucleus {nuclei.cells.ids[row]}: looked most at y {y:.0f}, x {x:.0f}")
