"""Images are copied with their cells, and what happened is said."""

import numpy as np
import pytest
from tests.gui.conftest import SHAPE, found

from napari_hemalens.gui.copying import Copied, copy_steps
from napari_hemalens.gui.running import KeepResult
from napari_hemalens.slides.axes import from_array
from napari_hemalens.workflows.ome_zarr import ImageCopy


@pytest.mark.parametrize(
    ("copied", "words"),
    [
        (Copied(), ""),
        (Copied(1), "1 image is copied there with its cells (*.ome.zarr)."),
        (Copied(2), "2 images are copied there with their cells (*.ome.zarr)."),
        (Copied(1, {"a": "It is gone."}), "Not copied: It is gone."),
        (
            Copied(3, {"a": "It is gone.", "b": "No room is left."}),
            "1 image is copied there with its cells (*.ome.zarr). Not copied: It is gone. No room is left.",
        ),
    ],
)
def test_what_was_copied_and_what_was_not_is_said(copied, words):
    assert copied.words == words


def test_every_tile_is_told_of(tmp_path):
    slide = from_array(np.zeros((*SHAPE, 3), np.uint8), name="a.tif")
    steps = KeepResult(copy_steps([ImageCopy(lambda: slide, found(6, image="a.tif"))], tmp_path))
    assert list(steps) == ["Saving: a.tif: tile 1 of 1 written"]
    assert steps.result == Copied(1, {})
    assert (tmp_path / "a.ome.zarr").is_dir()
