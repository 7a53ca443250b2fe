"""What many tests share: where real images are, and weights that cost no training."""

import os
from pathlib import Path

import pytest

from napari_hemalens.models import weights
from napari_hemalens.models.weights import WeightsRow
from napari_hemalens.recipes import NetworkRecipe

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real images with labels, which is no part of the repository."""
    folder = Path(os.environ.get("HEMALENS_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real images: {folder} is not there (HEMALENS_DATA names another folder)")
    return folder


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The sample smears of the repository."""
    return ROOT / "sample_data"


@pytest.fixture
def untrained(tmp_path: Path) -> WeightsRow:
    """Untrained weights of three classes, in a folder of their own."""
    import torch

    from napari_hemalens.models.detectors import build_detector
    from napari_hemalens.models.storage import save_network

    network = NetworkRecipe(size="laptop")
    torch.manual_seed(0)
    file = tmp_path / "untrained.safetensors"
    save_network(build_detector(network, 3), file)
    row = WeightsRow(
        name="untrained",
        description="Untrained",
        network=network,
        classes=("lymphocyte", "erythrocyte", "platelet"),
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        min_score=0.05,
        metrics={},
        data="",
        licence="",
        training={},
        sha256=weights.sha256(file),
    )
    file.with_suffix(".json").write_text(row.model_dump_json(), encoding="utf-8")
    return weights.row(file)
