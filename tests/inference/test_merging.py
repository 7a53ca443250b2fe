"""Merging gives each cell once, whoever found it and in whatever order."""

from dataclasses import replace

import numpy as np
import torch

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.detection import detect_steps
from napari_hemalens.inference.merging import collect_detections, merge_detections, one_class_per_cell
from napari_hemalens.inference.tile_plan import TilePlan, plan_tiles
from napari_hemalens.inference.tile_runner import RawDetections, run_tiles
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detector_protocol import NetworkDetector
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.slide import Slide

TILED = DetectionRecipe(tile=256, overlap=96, skip_background=False)


def crowd() -> Slide:
    """Dark squares of many sizes, so that scores differ and seams cut some of them."""
    image = np.full((700, 900, 3), 230, dtype=np.uint8)
    for number, (y, x) in enumerate((y, x) for y in range(10, 620, 61) for x in range(10, 820, 61)):
        side = 20 + 7 * number % 33
        image[y : y + side, x : x + side] = 60
    return from_array(image)


def raw(slide: Slide, plan: TilePlan, detector: NetworkDetector) -> list[RawDetections]:
    return [found for batch in run_tiles(slide, plan, detector, TILED) for found in batch.found]


def assert_same(one: Detections, other: Detections) -> None:
    np.testing.assert_array_equal(one.boxes, other.boxes)
    np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_array_equal(one.classes, other.classes)


def test_shares_run_apart_and_merged_are_the_run_at_once(finder: torch.nn.Module, card: DetectorCard) -> None:
    slide, detector, origin = crowd(), NetworkDetector(finder, card), Provenance(pixel_size_um=0.15)
    at_once = finish(detect_steps(slide, detector, TILED, provenance=origin))
    plan = plan_tiles(slide, card, TILED, pixel_size_um=0.15)
    shares = [raw(slide, plan.share(n, 2), detector) for n in (1, 0)]
    merged = merge_detections([*shares[0], *shares[1]], card, TILED, image_shape=slide.shape, provenance=origin)
    assert min(map(len, shares)) > 4
    assert len(merged) > 100
    assert_same(merged, at_once)


def test_the_order_of_the_tiles_makes_no_difference(finder: torch.nn.Module, card: DetectorCard) -> None:
    slide, detector = crowd(), NetworkDetector(finder, card)
    parts = raw(slide, plan_tiles(slide, card, TILED), detector)
    even = [replace(part, scores=np.full_like(part.scores, 0.5)) for part in parts]  # every score a tie
    shuffled = [even[k] for k in np.random.default_rng(0).permutation(len(even))]
    one, other = (
        merge_detections(found, card, TILED, image_shape=slide.shape, provenance=Provenance())
        for found in (even, shuffled)
    )
    assert len(collect_detections(parts, card, image_shape=slide.shape, provenance=Provenance())) > len(one) > 100
    assert_same(one, other)


def test_nothing_found_is_no_cell_of_all_classes(card: DetectorCard) -> None:
    nothing = merge_detections([], card, TILED, image_shape=(40, 50), provenance=Provenance())
    assert len(nothing) == 0
    assert nothing.names == card.classes


def test_two_classes_that_compete_for_a_nucleated_cell_make_one_cell() -> None:
    names = ("myelocyte", "promyelocyte", "erythrocyte", "platelet")
    box = [10, 10, 60, 60]
    cells = Detections.from_arrays([box] * 4, [0.9, 0.8, 0.7, 0.6], [1, 0, 2, 3], names=names, image_shape=(99, 99))
    assert one_class_per_cell(cells, 0.5).class_names.tolist() == ["promyelocyte", "erythrocyte", "platelet"]


def test_a_cell_between_two_classes_is_as_sure_as_both_together() -> None:
    names = ("myelocyte", "promyelocyte", "erythrocyte")
    boxes = [[10, 10, 60, 60], [12, 10, 60, 61], [10, 11, 60, 60], [70, 70, 90, 90]]
    cells = Detections.from_arrays(boxes, [0.25, 0.3, 0.9, 0.35], [0, 1, 2, 0], names=names, image_shape=(99, 99))
    merged = one_class_per_cell(cells, 0.5)
    assert merged.class_names.tolist() == ["erythrocyte", "promyelocyte", "myelocyte"]
    np.testing.assert_allclose(merged.scores, [0.9, 0.55, 0.35], rtol=1e-6)
