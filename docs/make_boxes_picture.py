"""Draw what the detectors of detection-table1 find in rendered fields, for its page: real images are not ours to show.

    python docs/make_boxes_picture.py OUT

OUT is the folder of `hemalens experiment detection-table1`; of each row the first seed is taken.
"""

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio.v3 as iio

from napari_hemalens.experiments.detection_table1 import ROWS
from napari_hemalens.experiments.detector_boxes import draw_boxes
from napari_hemalens.models import weights
from napari_hemalens.rendering.fields import render_field

PICTURE = Path(__file__).parent / "results" / "detection-table1-boxes.png"
_FIELDS = {"marrow": 1, "blood": 2}  # tissue and seed of each
_PIXEL_UM = 0.11  # as the smears that the detectors learned from


def main() -> None:
    """Write the picture."""
    trials = Path(sys.argv[1]) / "trials"
    rows = {
        row.label: weights.detector_card(trials / f"{name}, seed 0" / "detector.json") for name, row in ROWS.items()
    }
    with TemporaryDirectory() as folder:
        fields = []
        for tissue, seed in _FIELDS.items():
            pixels, truth = render_field((360, 360), pixel_size_um=_PIXEL_UM, tissue=tissue, seed=seed)
            file = Path(folder) / f"{tissue}.png"
            iio.imwrite(file, pixels)
            fields.append(replace(truth, provenance=replace(truth.provenance, image=str(file))))
        draw_boxes(rows, fields, PICTURE)


if __name__ == "__main__":
    main()
