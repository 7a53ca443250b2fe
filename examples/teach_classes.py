"""Teach two classes of your own; here the detector answers in place of a person.

    python examples/teach_classes.py [IMAGE]

Without an argument: the blood smear of the sample data. The project is kept in `project/`.
"""

import sys
from pathlib import Path

import numpy as np

from napari_hemalens import detect
from napari_hemalens.progress import finish
from napari_hemalens.workflows import teaching

SAMPLE = Path(__file__).parents[1] / "sample_data" / "blood_smear.tif"

smear = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE

found = detect(smear, device="cpu")
recipe = teaching.TeachingRecipe(device="cpu")

with teaching.open_project("project", classes=["nucleated", "other"]) as project:
    cells = teaching.cells_of_boxes(smear, found)
    session = finish(teaching.start_steps(project, cells, recipe))
    for _ in range(30):
        cell = session.current
        if cell is None or session.curve.saturated:
            break
        # A person would look at session.embedded.thumbnails[cell].
        red = found.class_names[cell] in {"erythrocyte", "platelet"}
        session.label("other" if red else "nucleated")
        session.refit()
    print(dict(session.pool.counts))
    print(session.curve.sentence)
    print(f"{np.count_nonzero(session.predictions.classes == 0)} of {len(session)} cells are taken for nucleated")
