"""napari's grid: which layers are shown where the mouse is."""

from types import SimpleNamespace

import numpy as np
from napari.components import ViewerModel

from napari_hemalens.gui.grid import is_grid, layers_under


def test_a_cell_of_the_grid_shows_its_own_layers():
    viewer = ViewerModel()
    first, second = (viewer.add_image(np.zeros((4, 4))) for _ in range(2))
    event = SimpleNamespace(viewbox=(0, 0))
    assert layers_under(viewer, event) == (first, second)
    assert not is_grid(viewer)
    viewer.canvas.grid.enabled = True
    cells = [layers_under(viewer, SimpleNamespace(viewbox=(0, column))) for column in (0, 1)]
    assert sorted(cells, key=lambda cell: cell[0].name) == [(first,), (second,)]
    assert is_grid(viewer)
    assert layers_under(viewer, SimpleNamespace()) == (first, second)  # of a script, that names no cell
