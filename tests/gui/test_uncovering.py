"""Of images that lie over each other one is seen, with its own cells; what lies beside them stays as it is."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer

from napari_hemalens.gui.kept_layers import layers_of
from napari_hemalens.gui.layers import MARK
from napari_hemalens.gui.uncovering import hide_stored, image_under, lay_over, lay_stored_over, show_over, uncover

SMEAR = np.zeros((8, 8, 3), np.uint8)
MASK = np.zeros((8, 8), int)


@pytest.fixture
def viewer():
    return ViewerModel()


def add_with_cells(viewer, **placed):
    image, cells = viewer.add_image(SMEAR, rgb=True, **placed), viewer.add_labels(MASK, **placed)
    lay_over(viewer, cells, image)
    return image, cells


def test_an_image_is_seen_with_its_own_cells_alone(viewer):
    first, second, third = (add_with_cells(viewer) for _ in range(3))
    uncover(viewer, second[0])
    assert [layer.visible for layer in second] == [True, True]
    assert not third[0].visible
    assert (first[1].visible, third[1].visible) == (False, False)
    uncover(viewer, third[0])
    assert [layer.visible for layer in third] == [True, True]
    assert not second[1].visible


def test_new_cells_are_seen_over_their_own_image(viewer):
    image, above = (viewer.add_image(SMEAR, rgb=True) for _ in range(2))
    cells = viewer.add_labels(MASK)
    show_over(viewer, cells, image)
    assert (cells.visible, image.visible, above.visible) == (True, True, False)
    assert image_under(cells) is image


def test_cells_of_an_image_that_is_covered_are_shown_once_it_is_seen(viewer):
    image, above = (viewer.add_image(SMEAR, rgb=True) for _ in range(2))
    cells = viewer.add_labels(MASK)
    lay_over(viewer, cells, image)
    assert (cells.visible, above.visible) == (False, True)
    uncover(viewer, image)
    assert (cells.visible, above.visible) == (True, False)


def test_an_image_above_hides_it_even_where_nothing_was_found_in_it(viewer):
    below, above = viewer.add_image(SMEAR, rgb=True), viewer.add_image(SMEAR, rgb=True)
    uncover(viewer, below)
    assert (below.visible, above.visible) == (True, False)


def test_the_keys_of_what_is_seen_count(viewer):
    (first, cells), (second, others) = add_with_cells(viewer), add_with_cells(viewer)
    assert viewer.layers.selection.active is others
    uncover(viewer, first)
    assert viewer.layers.selection.active is cells
    uncover(viewer, second)
    viewer.layers.selection.active = second
    uncover(viewer, first)
    assert viewer.layers.selection.active is cells


def test_cells_that_a_person_has_hidden_stay_hidden(viewer):
    (first, cells), (second, _) = add_with_cells(viewer), add_with_cells(viewer)
    cells.visible = False
    uncover(viewer, second)
    uncover(viewer, first)
    assert not cells.visible


def test_images_side_by_side_are_left_alone(viewer):
    layers = [*add_with_cells(viewer), *add_with_cells(viewer, translate=(0, 8))]
    uncover(viewer, layers[0])
    assert all(layer.visible for layer in layers)


@pytest.mark.parametrize(
    ("kind", "replaced"), [("shapes", (0, 1)), ("points", (0, 1)), ("labels", (2,)), ("image", (3,))]
)
def test_results_that_are_stored_give_way_to_those_of_a_dock(viewer, kind, replaced):
    image, other = viewer.add_image(SMEAR, rgb=True), viewer.add_image(SMEAR, rgb=True, translate=(0, 8))
    stored = [
        viewer.add_shapes(np.array([[0, 0], [4, 4]])),
        viewer.add_points(np.ones((1, 2))),
        viewer.add_labels(MASK),
        viewer.add_image(MASK, blending="additive"),
    ]
    of_another = viewer.add_shapes(np.array([[0, 0], [4, 4]]))
    for layer in stored:
        lay_stored_over(viewer, layer, image)
    lay_stored_over(viewer, of_another, other)
    found = Layer.create(np.ones((4, 2)) if kind in {"shapes", "points"} else MASK, {}, kind)
    viewer.add_layer(found)
    hide_stored(viewer, found, image)
    assert [number for number, layer in enumerate(stored) if not layer.visible] == [*replaced]
    assert found.visible
    assert of_another.visible
    uncover(viewer, image)  # which brings nothing back
    assert [number for number, layer in enumerate(stored) if not layer.visible] == [*replaced]


def test_stored_results_of_one_image_do_not_lie_over_another(viewer):
    first, second = viewer.add_image(SMEAR, rgb=True), viewer.add_image(SMEAR, rgb=True)
    stored = viewer.add_labels(MASK)
    lay_stored_over(viewer, stored, second)
    uncover(viewer, first)
    assert not stored.visible
    uncover(viewer, second)
    assert stored.visible


def test_channels_of_a_file_are_one_image(viewer):
    red, green = layers_of("slide.tif", [(MASK, {}, "image"), (MASK, {"blending": "additive"}, "image")])
    stored = viewer.add_labels(MASK)
    for layer in (red, green):
        viewer.add_layer(layer)
    lay_stored_over(viewer, stored, red)
    found = viewer.add_labels(MASK)
    hide_stored(viewer, found, green)
    assert not stored.visible


@pytest.mark.parametrize("light", [{"blending": "additive"}, {"opacity": 0.5}, {"metadata": {MARK: {}}}])
def test_other_channels_and_heatmaps_hide_nothing(viewer, light):
    image, other = viewer.add_image(MASK), viewer.add_image(MASK, **light)
    uncover(viewer, image)
    assert other.visible


def test_of_what_has_left_the_viewer_nothing_is_uncovered(viewer):
    image, above = viewer.add_image(SMEAR, rgb=True), viewer.add_image(SMEAR, rgb=True)
    viewer.layers.remove(image)
    uncover(viewer, image)
    assert above.visible
    assert image_under(above) is None


def test_in_a_grid_no_image_covers_another(viewer):
    below, above = viewer.add_image(SMEAR, rgb=True), viewer.add_image(SMEAR, rgb=True)
    viewer.canvas.grid.enabled = True
    cells = viewer.add_labels(MASK)
    lay_over(viewer, cells, below)
    uncover(viewer, below)
    assert (below.visible, above.visible, cells.visible) == (True, True, True)


def test_an_image_of_another_scale_is_seen_whole(viewer):
    large, like = (viewer.add_image(np.zeros((401, 601, 3), np.uint8), rgb=True) for _ in range(2))
    small = viewer.add_image(SMEAR, rgb=True, scale=(0.5, 0.5))
    beside = viewer.add_image(SMEAR, rgb=True, translate=(1000, 1000))
    camera = getattr(viewer, "scene", viewer).camera
    camera.center = (0, 1, 1)
    for image, centre in ((small, (1, 1)), (large, (200, 300)), (beside, (200, 300)), (small, (1.75, 1.75))):
        uncover(viewer, image)
        assert camera.center[-2:] == pytest.approx(centre)
    uncover(viewer, large)
    camera.center = (0, 50, 60)
    uncover(viewer, like)
    assert camera.center[-2:] == (50, 60)
