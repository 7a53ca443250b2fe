import pytest
import torch
from torch import Tensor, nn

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import DeviceError
from napari_hemalens.models import runtimes
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.runtimes import PREPARING, OpenVinoRuntime, TorchRuntime, choose_runtime
from napari_hemalens.progress import finish

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


def test_converting_weights_is_said_before_it_takes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Part(nn.Module):
        """A converted part that torch computes."""

        def __init__(self, part: nn.Module, *examples: Tensor) -> None:
            super().__init__()
            made.append(examples[0].shape[1])
            self.part = part

        def forward(self, *images: Tensor) -> tuple[Tensor, ...]:
            return (self.part(*images),)

    made: list[int] = []
    monkeypatch.setattr(runtimes, "ConvertedPart", Part)
    monkeypatch.setattr(runtimes, "is_kept", lambda _: len(made) == 1)  # of the three stages, the second
    network = build_classifier(ClassifierRecipe(network="resnet18"), classes=2).eval()
    steps = OpenVinoRuntime().classifier_steps(network)
    assert next(steps).message == PREPARING
    assert made == []
    assert next(steps).message == PREPARING
    assert len(made) == 2
    fast = finish(steps)
    crops = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(fast(crops), network(crops), rtol=0, atol=1e-4)
    assert list(OpenVinoRuntime().classifier_steps(network)) == []
    assert len(made) == 3
