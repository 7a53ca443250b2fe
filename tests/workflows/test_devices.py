"""The devices that a dock offers are those that inference takes."""

import torch

from napari_hemalens.inference import device
from napari_hemalens.workflows.devices import available_devices


def test_every_device_that_is_offered_can_be_chosen() -> None:
    offered = available_devices()
    assert offered[-1][0] == "cpu"
    for name, words in offered:
        assert device.choose(name) == torch.device(name)
        assert words.startswith(("CPU (", "GPU: "))


def test_the_first_is_the_one_that_auto_takes(monkeypatch) -> None:
    assert device.choose("auto") == torch.device(available_devices()[0][0])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H100")
    assert available_devices()[0] == ("cuda", "GPU: H100")
