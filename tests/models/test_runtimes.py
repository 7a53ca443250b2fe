import pytest
import torch
from torch import Tensor, nn

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import DeviceError
from napari_hemalens.models import runtimes
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.runtimes import (
    PREPARING,
    OpenVinoRuntime,
    Runtime,
    TorchRuntime,
    choose_runtime,
    run_on_steps,
)
from napari_hemalens.progress import Steps, finish

CPU = torch.device("cpu")


@pytest.fixture(params=[True, False], ids=["installed", "not installed"])
def installed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(runtimes, "find_spec", lambda _: object() if request.param else None)
    return bool(request.param)


def test_auto_takes_openvino_where_it_is_installed(installed: bool) -> None:
    assert isinstance(choose_runtime(DetectionRecipe(), CPU), OpenVinoRuntime if installed else TorchRuntime)


def test_auto_takes_torch_on_other_devices(installed: bool) -> None:
    for precision in ("single", "half"):
        chosen = choose_runtime(DetectionRecipe(precision=precision), torch.device("cuda"))
        assert chosen == TorchRuntime(precision)


def test_torch_is_taken_where_it_is_asked_for(installed: bool) -> None:
    assert choose_runtime(DetectionRecipe(runtime="torch"), CPU) == TorchRuntime()
    assert choose_runtime(DetectionRecipe(runtime="torch", precision="half"), CPU) == TorchRuntime("half")
    with pytest.raises(DeviceError, match="Precision int8 is for OpenVINO on the CPU"):
        choose_runtime(DetectionRecipe(runtime="torch", precision="int8"), CPU)


@pytest.mark.parametrize("runtime", ["auto", "openvino"])
def test_fewer_bits_are_openvinos_on_a_processor_that_has_them(
    installed: bool, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    half, int8 = (DetectionRecipe(runtime=runtime, precision=each) for each in ("half", "int8"))
    if not installed:
        for asked in (half, int8):
            with pytest.raises(DeviceError, match=r"needs OpenVINO: pip install 'napari-hemalens\[fast\]'"):
                choose_runtime(asked, CPU)
        return
    monkeypatch.setattr(runtimes, "has_bfloat16", lambda: True)
    for asked in (half, int8):
        chosen = choose_runtime(asked, CPU)
        assert isinstance(chosen, OpenVinoRuntime)
        assert (chosen.precision, chosen.torch_precision) == (asked.precision, "single")
    monkeypatch.setattr(runtimes, "has_bfloat16", lambda: False)
    assert isinstance(choose_runtime(int8, CPU), OpenVinoRuntime)
    with pytest.raises(DeviceError, match=r"no numbers of 16 bits \(bfloat16\)"):
        choose_runtime(half, CPU)


def test_a_lack_of_fewer_bits_is_said_and_not_made_up_for() -> None:
    def prepare(runtime: Runtime) -> Steps[str]:
        yield from ()
        if isinstance(runtime, TorchRuntime):
            return "torch"
        raise DeviceError("no form of int8")

    assert finish(run_on_steps(DetectionRecipe(), CPU, prepare)) == "torch"
    with pytest.raises(DeviceError, match=r"no form of int8|needs OpenVINO"):
        finish(run_on_steps(DetectionRecipe(precision="int8"), CPU, prepare))


def test_openvino_is_refused_where_it_cannot_compute(installed: bool) -> None:
    asked = DetectionRecipe(runtime="openvino")
    if not installed:
        with pytest.raises(DeviceError, match=r"pip install 'napari-hemalens\[fast\]'"):
            choose_runtime(asked, CPU)
        return
    assert isinstance(choose_runtime(asked, CPU), OpenVinoRuntime)
    with pytest.raises(DeviceError, match="computes on the CPU, and the device is cuda"):
        choose_runtime(asked, torch.device("cuda"))


def test_converting_weights_is_said_before_it_takes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Part(nn.Module):
        """A converted part that torch computes."""

        def __init__(self, part: nn.Module, *examples: Tensor, **_: object) -> None:
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
    in_int8 = finish(OpenVinoRuntime("int8").classifier_steps(network))  # which is in 32 bits, too
    assert in_int8.stages is fast.stages
