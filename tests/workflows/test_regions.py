"""Regions of one image that overlap make one result."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.renaming import with_names
from napari_hemalens.workflows.regions import join_regions

NAMES = ("lymphocyte", "monocyte", "erythrocyte")


def found(*cells: tuple[list[int], float, int]) -> Detections:
    boxes, scores, classes = zip(*cells, strict=True)
    return Detections.from_arrays(boxes, scores, classes, names=NAMES, image_shape=(99, 99))


def test_a_cell_that_two_regions_share_counts_once() -> None:
    left = found(([10, 10, 40, 40], 0.8, 0), ([50, 10, 70, 30], 0.7, 2))
    right = found(([11, 10, 40, 41], 0.9, 1), ([50, 60, 70, 80], 0.6, 2))
    joined = join_regions([left, right], DetectionRecipe())
    assert joined.class_names.tolist() == ["monocyte", "erythrocyte", "erythrocyte"]
    assert join_regions([left], DetectionRecipe()) is left


def test_what_speaks_against_any_region_speaks_against_the_whole() -> None:
    parts = [found(([10, 10, 40, 40], 0.8, 0)), found(([50, 50, 80, 80], 0.8, 0))]
    noted = [
        replace(part, provenance=Provenance(notes=notes))
        for part, notes in zip(parts, (("Blur: a.",), ("Blur: b.", "Light: b.")), strict=True)
    ]
    assert join_regions(noted, DetectionRecipe()).provenance.notes == ("Blur: a.", "Light: b.")


def named(part: Detections, novelty: float) -> Detections:
    probabilities = np.full((len(part), 2), 0.5, np.float32)
    naming = Naming(("blast", "lymphocyte"), probabilities, np.full(len(part), novelty, np.float32))
    return with_names(part, naming)


def test_what_the_classifier_says_goes_with_each_cell() -> None:
    left, right = found(([10, 10, 40, 40], 0.8, 0)), found(([60, 60, 80, 80], 0.9, 1))
    joined = join_regions([named(left, 0.5), named(right, 1.5)], DetectionRecipe())
    assert joined.naming is not None
    assert joined.scores.tolist() == pytest.approx([0.9, 0.8])
    assert joined.unsure.tolist() == [True, False]


def test_a_region_whose_cells_have_no_names_yet_keeps_its_classes() -> None:
    left, right = found(([10, 10, 40, 40], 0.8, 0)), found(([60, 60, 80, 80], 0.9, 1))
    joined = join_regions([named(left, 1.5), right], DetectionRecipe())
    assert joined.class_names.tolist() == ["monocyte", "blast"]
    assert joined.unsure.tolist() == [False, True]
