"""A project that is opened brings its images along."""

from types import SimpleNamespace

import imageio.v3 as iio
import numpy as np
import pytest
from napari.components import ViewerModel

from napari_hemalens.gui.teach.images import open_missing
from napari_hemalens.workflows.teaching import cells_of_boxes, cells_of_images, join_cells, open_project


@pytest.fixture
def project(tmp_path):
    with open_project(tmp_path / "p") as opened:
        yield opened


@pytest.fixture
def pool(tmp_path, project):
    """Cells by box of two images, and two images of one cell each."""
    for k, name in enumerate(("a", "b", "one", "two")):
        iio.imwrite(tmp_path / f"{name}.png", np.full((40, 50, 3), 50 + k, np.uint8))
    boxes = np.array([[2, 2, 12, 12]], np.float32)
    parts = [cells_of_boxes(tmp_path / f"{name}.png", boxes, pixel_size_um=0.5) for name in "ab"]
    parts.append(cells_of_images([tmp_path / "one.png", tmp_path / "two.png"]))
    cells = join_cells(parts).cells
    project.remember_images(cells.images)
    return SimpleNamespace(embedded=SimpleNamespace(cells=cells), project=project)


def test_images_that_are_not_open_are_opened_with_their_pixel_size(pool, tmp_path):
    viewer = ViewerModel()
    found, notes = open_missing(viewer, pool, {})
    assert ([layer.name for layer in viewer.layers], notes) == (["a.png", "b.png"], ())
    assert found[str(tmp_path / "a.png")] is viewer.layers["a.png"]
    np.testing.assert_allclose(viewer.layers["b.png"].scale, 0.5)
    assert open_missing(viewer, pool, found) == ({}, ())
    assert len(viewer.layers) == 2


def test_images_that_are_gone_or_damaged_are_said(pool, tmp_path):
    (tmp_path / "a.png").unlink()
    (tmp_path / "b.png").write_bytes(b"no picture")
    viewer = ViewerModel()
    found, notes = open_missing(viewer, pool, {})
    assert (found, len(viewer.layers)) == ({}, 0)
    assert notes[0].endswith("a.png is not where it was: its cells are shown in the dock alone.")
    assert "b.png" in notes[1]


def test_of_many_images_the_first_are_opened(tmp_path, project):
    boxes = np.array([[2, 2, 12, 12]], np.float32)
    for k in range(9):
        iio.imwrite(tmp_path / f"{k}.png", np.full((20, 20, 3), 20 * k, np.uint8))
    cells = join_cells([cells_of_boxes(tmp_path / f"{k}.png", boxes) for k in range(9)]).cells
    project.remember_images(cells.images)
    viewer = ViewerModel()
    open_missing(viewer, SimpleNamespace(embedded=SimpleNamespace(cells=cells), project=project), {})
    assert [layer.name for layer in viewer.layers] == [f"{k}.png" for k in range(6)]
