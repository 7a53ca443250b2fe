"""Compare two observers of the same cells, one of whom is unsure of neutrophils: kappa, and where they differ.

    python examples/agreement.py [READING READING…]

Without arguments: the annotated cells of the rendered smears against themselves, with some bands called segmented. The
page lies in `agreement_of_observers/agreement.html`.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_hemalens import workflows
from napari_hemalens.formats import export, read_annotations

SAMPLE = Path(__file__).parents[1] / "sample_data" / "truth.json"

readings = sys.argv[1:]
if not readings:
    first = [field.take(~np.isin(field.class_names, ("erythrocyte", "platelet"))) for field in read_annotations(SAMPLE)]
    rng = np.random.default_rng(1)
    second = []
    for field in first:
        names = field.names
        bands = (field.class_names == "band_neutrophil") & (rng.random(len(field)) < 0.4)
        second.append(replace(field, classes=np.where(bands, names.index("segmented_neutrophil"), field.classes)))
    for name, fields in (("Ann", first), ("Ben", second)):
        export(fields, Path("readings") / name, ["csv"])
    readings = ["Ann=readings/Ann/cells.csv", "Ben=readings/Ben/cells.csv"]

found = workflows.agreement(readings, "agreement_of_observers")
for pair in found.pairs:
    print(pair.sentence)
    for name, of in pair.classes.items():
        print(f"  {name}: {of.first} and {of.second} cells, {of.both} the same")
