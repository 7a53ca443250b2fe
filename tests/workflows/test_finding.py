"""Without the extra, a cluster is refused in one sentence; without a cluster, nothing of it is loaded."""

import sys
from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import finish
from napari_hemalens.workflows import detect_files_steps
from napari_hemalens.workflows.batch import Batch


@pytest.fixture
def detect(untrained: DetectorCard, tmp_path: Path) -> Callable[..., Batch]:
    iio.imwrite(tmp_path / "a.png", np.random.default_rng(0).integers(80, 255, (96, 128, 3), dtype=np.uint8))
    recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15, device="cpu")
    return lambda cluster: finish(detect_files_steps([tmp_path / "a.png"], recipe, tmp_path / "out", cluster=cluster))


def test_a_cluster_without_its_packages_is_one_sentence(
    detect: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("napari_hemalens.workflows.batch_on", "distributed"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    loaded = ("napari_hemalens.workflows.batch_on", "napari_hemalens.cluster.", "distributed", "dask_jobqueue")
    for name in [name for name in sys.modules if name.startswith(loaded)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Missing(), *sys.meta_path])
    with pytest.raises(HemaLensError, match=r"A cluster needs \w+: pip install 'napari-hemalens\[cluster\]'"):
        detect(ClusterRecipe(scheduler="local"))


def test_one_process_needs_none_of_these_packages(
    detect: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "meta_path", [_Missing(), *sys.meta_path])
    assert len(detect(None).fields) == 1


class _Missing:
    """Finds neither distributed nor dask_jobqueue, as where they are not installed."""

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] in {"distributed", "dask_jobqueue"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
