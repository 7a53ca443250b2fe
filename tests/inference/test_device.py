import subprocess
import sys

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
