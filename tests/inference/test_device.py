import subprocess
import sys
from typing import Any

import pytest
import torch

from napari_hemalens.errors import DeviceError
from napari_hemalens.inference import device


def test_a_cpu_is_always_there_and_said_in_words() -> None:
    name, words = device.available()[-1]
    assert name == "cpu"
    assert words.startswith("CPU (")


def test_a_gpu_is_named_and_chosen_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA RTX A4000")
    assert device.available()[0] == ("cuda", "GPU: NVIDIA RTX A4000")
    assert device.choose("auto") == torch.device("cuda")


def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=r"No device 'cuda' on this machine. Known here: .*cpu"):
        device.choose("cuda")


FORKED = """
import os, signal, torch
from napari_hemalens.inference import device
torch.set_num_threads(2)
torch.ones(4_000_000).exp()
child = os.fork()
if child == 0:
    signal.alarm(60)
    torch.ones(4_000_000).exp()
    os._exit(torch.get_num_threads())
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems start processes anew")
def test_a_forked_process_computes_on_one_core_and_ends() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_images_are_copied_to_a_gpu_without_waiting_and_elsewhere_as_ever() -> None:
    class Copied:
        """Images on the CPU that note how they are moved."""

        device = torch.device("cpu")

        def pin_memory(self) -> "Copied":
            seen.append("pinned")
            return self

        def to(self, where: torch.device, **options: bool) -> "Copied":
            seen.append((where.type, options))
            return self

    seen: list[object] = []
    images: Any = Copied()
    assert device.moved(images, torch.device("cpu")) is images
    assert seen == [("cpu", {})]
    device.moved(images, torch.device("cuda"))
    assert seen[1:] == ["pinned", ("cuda", {"non_blocking": True})]
    images.device = torch.device("cuda")
    device.moved(images, torch.device("cuda"))
    assert seen[3:] == [("cuda", {})]
