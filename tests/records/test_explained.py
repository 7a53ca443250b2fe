"""A record of heat says whose it is."""

import numpy as np

from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained


def test_a_record_counts_its_cells_and_names_targets_and_origin() -> None:
    cells = Classified(
        ids=np.array([3, 9], dtype=np.int64),
        probabilities=np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32),
        classes=np.array([0, 1], dtype=np.int64),
        names=("micronucleus", "none"),
        centres=np.zeros((2, 2)),
        areas=np.ones(2, dtype=np.int64),
        image_shape=(4, 4),
        provenance=Provenance(image="a.tif"),
    )
    explained = Explained(
        heatmap=np.zeros((4, 4), dtype=np.float32),
        cells=cells,
        method="grad-cam",
        target="none",
        targets=np.array([1, 1], dtype=np.int64),
        crops=np.zeros((2, 8, 8, 3), dtype=np.uint8),
        crop_heatmaps=np.zeros((2, 8, 8), dtype=np.float32),
        windows=np.zeros((2, 4)),
    )
    assert len(explained) == 2
    assert explained.target_names.tolist() == ["none", "none"]
    assert explained.provenance.image == "a.tif"
