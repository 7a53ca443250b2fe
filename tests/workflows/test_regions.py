"""Regions of one image that overlap make one result."""

from dataclasses import replace

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.records.detections import Detections, Provenance
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
