"""Detect's and Classify's results become a gallery, and come back with what was said there."""

import numpy as np

from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import ICSH
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.classes import ReviewedClasses
from napari_hemalens.review.gallery import Gallery
from napari_hemalens.review.gallery_sources import gallery_of_boxes, gallery_of_classes, name_boxes, name_cells


def field(scores: list[float], pixel: float | None = 0.5) -> ReviewedBoxes:
    boxes = [[0, 20 * k, 10, 20 * k + 14] for k in range(len(scores))]
    classes = [ICSH.classes.index("lymphocyte")] * len(scores)
    found = Detections.from_arrays(
        boxes,
        scores,
        classes,
        names=ICSH.classes,
        image_shape=(100, 100),
        provenance=Provenance(pixel_size_um=pixel),
    )
    return ReviewedBoxes.from_run(found)


def test_visible_cells_of_all_fields_are_in_the_gallery() -> None:
    cells = gallery_of_boxes([field([0.9, 0.6, 0.2]), field([0.8])], 0.5)
    assert (cells.images.tolist(), cells.rows.tolist()) == ([0, 0, 1], [0, 1, 0])
    np.testing.assert_allclose(cells.certainty, [0.9, 0.6, 0.8])
    np.testing.assert_allclose(cells.sizes, 6)
    assert {cells.names[k] for k in cells.classes} == {"lymphocyte"}
    assert Gallery(cells).order == [1, 2, 0]


def test_sizes_are_pixels_where_no_pixel_size_is_known() -> None:
    assert [gallery_of_boxes([field([0.9], size)], 0).sized_in for size in (0.5, None)] == ["µm", "px"]
    assert gallery_of_boxes([], 0).sized_in == ""
    np.testing.assert_allclose(gallery_of_boxes([field([0.9], None)], 0).sizes, 12)
    assert np.isnan(gallery_of_boxes([field([0.9]), field([0.9], None)], 0).sizes[1])


def test_named_boxes_are_corrections_of_their_fields_alone() -> None:
    fields = [field([0.9, 0.6, 0.2]), field([0.8]), field([0.7])]
    cells = gallery_of_boxes(fields, 0.5)
    named = name_boxes(fields, cells, [1, 2], "blast")
    assert named[0].cells.class_names.tolist() == ["lymphocyte", "blast", "lymphocyte"]
    assert named[1].kinds.tolist() == ["class"]
    assert named[2] is fields[2]
    assert gallery_of_boxes(named, 0.5).given.tolist() == [False, True, True, False]


def classified(numbers: list[int]) -> ReviewedClasses:
    p = np.tile([0.7, 0.3], (len(numbers), 1)).astype(np.float32)
    nothing = np.zeros(len(numbers), np.int64)
    return ReviewedClasses(
        Classified(
            np.array(numbers), p, nothing, ("blast", "normal"), np.zeros((len(numbers), 2)), nothing + 314, (50, 50)
        )
    )


def test_classified_cells_are_named_by_their_numbers() -> None:
    images = [classified([3, 7]), classified([2])]
    cells = gallery_of_classes(images)
    np.testing.assert_allclose(cells.sizes, 20, atol=0.01)
    named = name_cells(images, cells, [1], "normal")
    assert dict(named[0].corrections) == {7: "normal"}
    assert named[1] is images[1]
    again = gallery_of_classes(named)
    assert (again.classes.tolist(), again.given.tolist()) == ([0, 1, 0], [False, True, False])
    assert dict(name_cells(named, again, [1], "")[0].corrections) == {}


def test_no_results_are_an_empty_gallery() -> None:
    assert len(gallery_of_boxes([], 0.5)) == len(gallery_of_classes([])) == 0
    assert Gallery(gallery_of_boxes([], 0.5)).order == []
