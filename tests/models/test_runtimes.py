import pytest
import torch

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import DeviceError
from napari_hemalens.models import runtimes
from napari_hemalens.models.runtimes import OpenVinoRuntime, TorchRuntime, choose_runtime

CPU = torch.device("cpu")


@pytest.fixture(params=[True, False], ids=["installed", "not installed"])
def installed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(runtimes, "find_spec", lambda _: object() if request.param else None)
    return bool(request.param)


def test_auto_takes_openvino_where_it_is_installed(installed: bool) -> None:
    assert isinstance(choose_runtime(DetectionRecipe(), CPU), OpenVinoRuntime if installed else TorchRuntime)


def test_auto_takes_torch_on_other_devices_and_in_half_precision(installed: bool) -> None:
    assert isinstance(choose_runtime(DetectionRecipe(), torch.device("cuda")), TorchRuntime)
    assert isinstance(choose_runtime(DetectionRecipe(precision="half"), CPU), TorchRuntime)


def test_torch_is_taken_where_it_is_asked_for(installed: bool) -> None:
    assert isinstance(choose_runtime(DetectionRecipe(runtime="torch"), CPU), TorchRuntime)


def test_openvino_is_refused_where_it_cannot_compute(installed: bool) -> None:
    asked = DetectionRecipe(runtime="openvino")
    if not installed:
        with pytest.raises(DeviceError, match=r"pip install 'napari-hemalens\[fast\]'"):
            choose_runtime(asked, CPU)
        return
    assert isinstance(choose_runtime(asked, CPU), OpenVinoRuntime)
    with pytest.raises(DeviceError, match="CPU in single precision"):
        choose_runtime(asked, torch.device("cuda"))
