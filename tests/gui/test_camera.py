import numpy as np
import pytest
from napari.components import ViewerModel

from napari_hemalens.gui.camera import centre_on


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
