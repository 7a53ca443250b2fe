import numpy as np
import pytest
from napari.components import ViewerModel

from napari_hemalens.gui.camera import centre_on, show_whole, show_whole_unless_like


def test_a_cell_comes_to_the_middle_with_what_is_around_it() -> None:
    viewer = ViewerModel()
    layer = viewer.add_image(np.zeros((400, 600)), scale=(0.2, 0.2), translate=(5, 7))
    centre_on(viewer, layer, np.array([100.0, 300.0]), diameter=50)
    camera = getattr(viewer, "scene", viewer).camera
    assert camera.center[-2:] == pytest.approx((5 + 20, 7 + 60))
    size = viewer.canvas.size if hasattr(viewer, "canvas") else viewer._canvas_size
    assert min(size) / camera.zoom == pytest.approx(6 * 50 * 0.2)


@pytest.mark.parametrize(("times", "stays"), [(1.9, True), (2.1, False), (0.51, True), (0.49, False)])
def test_a_scale_at_which_a_cell_is_well_seen_stays(times: float, stays: bool) -> None:
    viewer = ViewerModel()
    layer = viewer.add_image(np.zeros((400, 600)))
    camera = getattr(viewer, "scene", viewer).camera
    centre_on(viewer, layer, np.array([100.0, 300.0]), diameter=50)
    first = camera.zoom
    camera.zoom *= times
    centre_on(viewer, layer, np.array([200.0, 200.0]), diameter=50)
    assert camera.zoom == pytest.approx(first * times if stays else first)


def centre(viewer: ViewerModel) -> tuple[float, ...]:
    return tuple(getattr(viewer, "scene", viewer).camera.center[-2:])


def test_all_of_a_layer_is_seen_however_far_others_reach() -> None:
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4000, 6000)), visible=False)
    layer = viewer.add_image(np.zeros((41, 61)))
    show_whole(viewer, layer)
    assert centre(viewer) == pytest.approx((20, 30))


def test_the_view_stays_where_an_image_takes_the_place_of_its_like() -> None:
    viewer = ViewerModel()
    before, like = (viewer.add_image(np.zeros((41, 61))) for _ in range(2))
    other = viewer.add_image(np.zeros((401, 601)), scale=(0.5, 0.5))
    getattr(viewer, "scene", viewer).camera.center = (0, 3, 4)
    show_whole_unless_like(viewer, like, [before])
    assert centre(viewer) == (3, 4)
    show_whole_unless_like(viewer, other, [before])
    assert centre(viewer) == pytest.approx((100, 150))
    show_whole_unless_like(viewer, like, [])
    assert centre(viewer) == pytest.approx((20, 30))
