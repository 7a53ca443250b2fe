"""A pool is drawn in the shares of a marrow, and its cells are those of the folder."""

from collections import Counter
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.teaching_pools import draw_pool, named_embeddings_steps
from napari_hemalens.formats import coco
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections, Provenance


def test_a_pool_of_six_classes_is_as_unequal_as_a_marrow() -> None:
    names = np.repeat([f"class {k}" for k in range(6)], 300)
    rows = draw_pool(names, 0)
    assert sorted(Counter(names[rows].tolist()).values()) == [10, 15, 25, 50, 100, 300]
    assert not np.array_equal(rows, draw_pool(names, 1))
    assert len(draw_pool(names[:900], 0)) == 900


def test_of_annotated_fields_nucleated_cells_are_taught(nucleated: ClassifierCard, tmp_path: Path) -> None:
    data = tmp_path / "data"
    image = data / "images" / "a.png"
    image.parent.mkdir(parents=True)
    iio.imwrite(image, np.full((90, 200, 3), 220, dtype=np.uint8))
    boxes = [[10, 10 + 45 * k, 50, 50 + 45 * k] for k in range(4)]
    names = ("lymphocyte", "erythrocyte", "unclassifiable", "monocyte")
    field = Detections(
        np.array(boxes, dtype=np.float32),
        np.ones(4, np.float32),
        np.arange(4),
        names,
        (90, 200),
        provenance=Provenance(image="a.png", pixel_size_um=0.1),
    )
    coco.write([field], data / "train.json")
    options = ExperimentOptions((data,), tmp_path / "out", "ci", pixel_size_um=0.1)
    found = finish(named_embeddings_steps(options, "train", str(nucleated.file)))
    assert found.names.tolist() == ["lymphocyte", "monocyte"]
    assert found.table(nucleated.crop).boxes.tolist() == [boxes[0], boxes[3]]
