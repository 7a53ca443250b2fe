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
