from pathlib import Path

import pytest
import torch
from torch import nn

from napari_hemalens.errors import DeviceError
from napari_hemalens.models import quantised, weights_folders
from napari_hemalens.models.converted import ConvertedPart, parts_of, quantised_file
from napari_hemalens.models.quantised import quantise, recording

pytest.importorskip("openvino", reason="OpenVINO is not installed: pip install 'napari-hemalens[fast]'.")
pytest.importorskip("nncf", reason="NNCF is not installed: pip install 'napari-hemalens[fast]'.")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_folders, "cache_folder", lambda: tmp_path)


@pytest.fixture
def layers() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 5, 1)).eval()


def test_what_parts_are_given_is_kept_evenly(layers: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised, "_MOST", 4)
    part = ConvertedPart(layers, torch.randn(1, 3, 16, 16))
    network = nn.Sequential(part)
    assert parts_of(network) == [part]
    with recording(parts_of(network)) as given:
        for value in range(40):
            network(torch.full((1, 3, 8, 8), float(value)))
    values = sorted(float(images[0][0, 0, 0, 0]) for images in given[part])
    assert len(values) == 4
    assert values[-1] > 20
    network(torch.zeros(1, 3, 8, 8))
    assert len(given[part]) == 4


@torch.inference_mode()
def test_a_part_in_int8_computes_nearly_the_same(layers: nn.Module, tmp_path: Path) -> None:
    single = ConvertedPart(layers, torch.randn(1, 3, 16, 16))
    with pytest.raises(DeviceError, match=r"^There is no form of int8 .*`hemalens weights quantise` makes it"):
        ConvertedPart(layers, precision="int8")
    made = quantise(single, [(torch.randn(1, 3, 24, 24),) for _ in range(4)], {"calibration": "ab"})
    made.write(quantised_file(tmp_path / "int8", single.key))
    fast, images = ConvertedPart(layers, precision="int8"), torch.randn(2, 3, 40, 32)
    assert fast.kept.about == {"calibration": "ab"}
    apart = (fast(images)[0] - single(images)[0]).norm() / single(images)[0].norm()
    assert 1e-5 < apart < 0.1
