"""The benchmark that needs a GPU works where there is one: its parts run here, on the CPU."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from napari_hemalens.models.cards import DetectorCard

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gpu

    return gpu


@pytest.fixture
def small(tmp_path: Path) -> Path:
    import tifffile

    pixels = tifffile.imread(BENCHMARKS.parent / "sample_data" / "marrow_smear.tif")[:320, :320]
    tifffile.imwrite(tmp_path / "small.tif", pixels, photometric="rgb", tile=(256, 256))
    return tmp_path / "small.tif"


@pytest.mark.skipif(torch.cuda.is_available(), reason="This machine has a GPU.")
def test_without_a_gpu_a_sentence_says_so(gpu: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    with pytest.raises(SystemExit, match="This machine has no NVIDIA GPU that PyTorch can use"):
        gpu.main()


def test_detection_is_measured_in_all_forms(
    gpu: ModuleType, small: Path, untrained: DetectorCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda part, **_: part)  # which takes half a minute
    monkeypatch.setattr(gpu, "PRECISIONS", ("single",))  # 16 bits take a processor long
    rows = list(gpu.detection_rows(gpu.Bench("cpu", 1), str(untrained.file), small))
    assert [row[0] for row in rows] == [
        "detection, bare, channels last",
        "detection, bare, channels first",
        "detection, bare, channels last, torch.compile",
        "detection, file to cells",
    ]
    assert all(float(row[2].split()[0]) > 0 for row in rows)


def test_classification_and_attention_are_measured(gpu: ModuleType) -> None:
    rows = list(gpu.cell_rows(gpu.Bench("cpu", 1), 120, 4))
    assert [row[0].split(",")[0] for row in rows[:3]] == ["classification", "classification", "own attention"]
    assert [row[1] for row in rows] == ["single"] * 3 + ["half"] * 3


def test_a_device_that_computes_the_same_agrees_with_the_cpu(gpu: ModuleType, small: Path) -> None:
    single, half = gpu.agreement_rows(gpu.Bench("cpu", 1), "marrow-lite", small)
    assert single[:2] == ["single", "0.0e+00"]
    assert single[3:] == ["0", "0", "0"]
    assert int(single[2]) > 10
    assert 0 < float(half[1]) < 0.05


def test_a_run_is_timed_without_its_warm_up(gpu: ModuleType) -> None:
    calls: list[int] = []
    assert gpu.Bench("cpu", 3).seconds(lambda: calls.append(1)) >= 0
    assert len(calls) == 4
    seen: list[np.dtype] = []
    layer = nn.Linear(2, 2)
    layer.register_forward_hook(lambda *given: seen.append(given[2].dtype))
    gpu.Bench("cpu", 1).bare(layer, [torch.ones(1, 2)], "half")
    assert set(seen) == {torch.float16}
