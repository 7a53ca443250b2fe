import os
from importlib import import_module
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, load_file
from torch import Tensor, nn

from napari_hemalens.errors import DeviceError
from napari_hemalens.models import weights_folders
from napari_hemalens.models.converted import ConvertedPart, is_kept

pytest.importorskip("openvino", reason="OpenVINO is not installed: pip install 'napari-hemalens[fast]'.")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(weights_folders, "cache_folder", lambda: tmp_path)
    return tmp_path


def layers() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 1)).eval()


@torch.inference_mode()
def test_a_part_in_half_precision_computes_nearly_the_same() -> None:
    if "BF16" not in import_module("openvino").Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("This processor has no bfloat16.")
    part, images = layers(), torch.randn(3, 3, 40, 24)
    fast = ConvertedPart(part, torch.randn(1, 3, 16, 16), precision="half")
    apart = (fast(images)[0] - part(images)).abs().max()
    assert 1e-5 < apart < 0.03


@torch.inference_mode()
def test_a_part_that_is_used_again_is_kept_and_others_are_not(cache: Path) -> None:
    part, example = layers(), torch.randn(1, 3, 16, 16)
    ConvertedPart(part, example)
    (kept,) = cache.iterdir()
    os.utime(kept, (0, 0))
    ConvertedPart(part, example)
    assert kept.stat().st_mtime > 0
    os.utime(kept, (0, 0))
    ConvertedPart(nn.Conv2d(3, 2, 1).eval(), example)
    assert not kept.exists()


@torch.inference_mode()
def test_a_converted_part_computes_the_same_at_any_size(cache: Path) -> None:
    part = layers()
    assert not is_kept(part)
    fast = ConvertedPart(part, torch.randn(1, 3, 16, 16))
    images = torch.randn(3, 3, 40, 24)
    torch.testing.assert_close(fast(images)[0], part(images), rtol=0, atol=1e-5)
    assert len(list(cache.iterdir())) == 1
    assert is_kept(part)


def test_a_damaged_file_of_the_cache_is_made_anew(cache: Path) -> None:
    image = torch.randn(1, 3, 16, 16)
    ConvertedPart(layers(), image)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", whole[:-8] + bytes(8)):
        file.write_bytes(damaged)
        ConvertedPart(layers(), image)
        assert load_file(file)["weights"].equal(load(whole)["weights"])


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(weights_folders, "cache_folder", lambda: tmp_path / "file" / "cache")
    image = torch.randn(1, 3, 16, 16)
    with pytest.warns(UserWarning, match="cannot be kept"):
        fast = ConvertedPart(layers(), image)
    torch.testing.assert_close(fast(image)[0], layers()(image), rtol=0, atol=1e-5)


def test_a_part_that_differs_from_torch_is_refused() -> None:
    class Fixed(nn.Module):
        """Bakes the size of its first image in."""

        def forward(self, images: Tensor) -> Tensor:
            return images * float(images.sum())

    with pytest.raises(DeviceError, match="choose torch"):
        ConvertedPart(Fixed(), torch.rand(1, 3, 16, 16))
