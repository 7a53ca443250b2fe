"""Outline the nuclei of a fluorescence image, ask each whether it has a micronucleus, print what a laboratory reports.

    python examples/classify_nuclei.py [IMAGE [FOLDER]]

Without arguments: the rendered micronucleus assay of the sample data, into `classified_nuclei/`.
"""

import sys
from pathlib import Path

import napari_hemalens as hemalens
from napari_hemalens.reports.assay import summary
from napari_hemalens.reports.classes import summary_text, write_cells

SAMPLE = Path(__file__).parents[1] / "sample_data" / "micronucleus_assay" / "images" / "fluorescence.tif"

image = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("classified_nuclei")

# Labels may come from anywhere: an (H, W) array with one number a nucleus, of cellpose, StarDist or a hand.
labels = hemalens.segment(image, kind="fluorescence").labels
nuclei = hemalens.classify(image, labels, task="micronucleus")

print(summary_text(summary([nuclei])))
out.mkdir(parents=True, exist_ok=True)
write_cells([nuclei], out / "cells.csv")

# A record is numpy arrays: ids (N,), probabilities (N, K), entropy (N,), centres (N, 2) as y, x in pixels.
least_sure = nuclei.ids[nuclei.entropy.argsort()[::-1][:5]]
print(f"\nLook at these first: {', '.join(map(str, least_sure))}; all are in {out / 'cells.csv'}")
