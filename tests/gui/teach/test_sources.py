"""Cells of layers, stacks and folders; what is no source of cells is said."""

from dataclasses import replace
from types import SimpleNamespace

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.active_learning.stored_pool import store
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.gui.cell_layers import outlines_layer
from napari_hemalens.gui.teach.sources import (
    cells_of_folder,
    cells_of_layer,
    cells_of_project,
    cells_of_stack,
    known_pixel_size,
)
from napari_hemalens.progress import finish
from napari_hemalens.workflows.teaching import KnownImages, open_project


def read(source):
    return finish(source.read(KnownImages())).cells


def test_of_boxes_the_nucleated_cells_are_taught(viewer, boxes):
    source = cells_of_layer(viewer.layers["smear"], boxes, pixel_size_um=0.2)
    cells = read(source)
    assert (source.name, source.image) == ("smear", viewer.layers["smear"])
    assert (len(cells), source.left_out) == (3, 1)  # the fourth is a red cell
    assert cells.images[0].pixel_size_um == 0.2
    assert cells.images[0].shape == (400, 600)


def test_boxes_without_a_nucleated_cell_are_all_taught(viewer, boxes):
    boxes.features = boxes.features.assign(**{"class": "erythrocyte"})
    source = cells_of_layer(viewer.layers["smear"], boxes)
    assert (len(read(source)), source.left_out) == (4, 0)


def test_labels_are_read_from_the_plane_on_screen(viewer, labels):
    image = viewer.layers["smear"]
    stack = viewer.add_labels(np.stack([labels, np.where(labels == 9, 9, 0)]), scale=(1, 0.1, 0.1))
    stack.units = ("pixel", "um", "um")
    assert read(cells_of_layer(image, stack, (0, 0, 0))).numbers.tolist() == [4, 7, 9, 70_000]
    assert read(cells_of_layer(image, stack, (1, 0, 0))).numbers.tolist() == [9]


def test_what_is_no_image_or_holds_no_cells_is_said(viewer, labels):
    image = viewer.layers["smear"]
    other = viewer.add_labels(labels, name="elsewhere", scale=(0.3, 0.3), units=("um", "um"))
    with pytest.raises(ImageError, match="no image"):
        cells_of_layer(None, other)
    for cells in (None, image):
        with pytest.raises(AnnotationError, match="no cells to teach: run Detect cells"):
            cells_of_layer(image, cells)
    with pytest.raises(AnnotationError, match="do not lie on each other"):
        cells_of_layer(image, other)


def test_outlines_of_another_frame_are_not_taught(viewer):
    image = viewer.add_image(np.zeros((5, 4, 6)), name="series", axis_labels=("t", "y", "x"))
    outlines = outlines_layer(np.eye(4, 6, dtype=int), image, (2,))
    with pytest.raises(AnnotationError, match="were found in frame T=2 and not in T=1"):
        cells_of_layer(image, outlines, (1, 0, 0))


def test_the_planes_of_a_stack_are_cells(viewer):
    stack = viewer.add_image(np.random.default_rng(0).integers(0, 255, (5, 20, 20), dtype=np.uint8), name="crops")
    cells = read(cells_of_stack(stack))
    assert set(cells.sources) == {"crop"}
    assert len(cells) == 5
    with pytest.raises(ImageError, match="'smear' is no stack of crops"):
        cells_of_stack(viewer.layers["smear"])


def test_the_images_of_a_folder_are_cells(tmp_path):
    for k in range(3):
        iio.imwrite(tmp_path / f"{k}.png", np.full((20, 24, 3), 50 * k, np.uint8))
    source = cells_of_folder(tmp_path)
    assert source.name == tmp_path.name
    assert [image.shape for image in read(source).images] == [(20, 24)] * 3


def test_the_pixel_size_that_cells_were_found_with_comes_first(viewer, boxes, labels):
    image, plain = viewer.layers["smear"], viewer.add_labels(labels)
    assert known_pixel_size(image, boxes) == pytest.approx(0.1)
    assert known_pixel_size(image, plain) == pytest.approx(0.1)
    assert known_pixel_size(None, None) is None
    other = SimpleNamespace(metadata=dict(boxes.metadata))
    mark = next(iter(other.metadata))
    found = other.metadata[mark]
    other.metadata[mark] = replace(found, provenance=replace(found.provenance, pixel_size_um=0.25))
    assert known_pixel_size(image, other) == 0.25


def test_the_cells_of_a_project_are_those_that_were_looked_at_last(tmp_path, viewer, boxes):
    with open_project(tmp_path / "p") as project:
        assert cells_of_project(project) is None
        given = finish(cells_of_layer(viewer.layers["smear"], boxes).read(KnownImages()))
        store(project, given)
        assert read(cells_of_project(project)).ids.tolist() == given.cells.ids.tolist()
