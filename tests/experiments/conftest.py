"""What the comparisons of detectors are tested on."""

from pathlib import Path

import pytest

from napari_hemalens.progress import finish
from napari_hemalens.rendering.dataset import render_fields_steps


@pytest.fixture(scope="session")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six rendered fields as train, and the same as val: this tests the machinery, not the networks."""
    folder = tmp_path_factory.mktemp("fields")
    finish(render_fields_steps(folder, fields=6, shape=(160, 160), pixel_size_um=0.15, tissue="marrow", seed=1))
    (folder / "val.json").write_bytes((folder / "train.json").read_bytes())
    return folder
