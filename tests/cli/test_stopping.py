"""Signals end a command after the step at hand, with a sentence and the exit code that a shell expects."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from napari_hemalens.cli import commands
from napari_hemalens.cli.app import run
from napari_hemalens.cli.stopping import Stopped, handle_signals, stop_at_once
from napari_hemalens.progress import Progress, Steps

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="Python answers signals in the main thread alone"
)
SIGNALS = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_ends_a_run_after_the_step_at_hand(name: str) -> None:
    number = getattr(signal, name)
    done = []

    def steps() -> Steps[None]:
        try:
            for i in range(5):
                if i == 2:
                    signal.raise_signal(number)
                    done.append("the rest of the step")
                yield Progress(i + 1, 5)
        finally:
            done.append("closed")

    before = signal.getsignal(number)
    with pytest.raises(Stopped, match=r"stopped after 3 of 5\. Go on") as stopped:
        run(steps(), "Counting", go_on="Go on.")
    assert stopped.value.exit_code == 128 + number
    assert done == ["the rest of the step", "closed"]
    assert signal.getsignal(number) == before


def test_the_second_signal_ends_a_run_at_once() -> None:
    done = []

    def steps() -> Steps[None]:
        try:
            signal.raise_signal(signal.SIGINT)
            done.append("after one")
            signal.raise_signal(signal.SIGTERM)
            done.append("after two")
            yield Progress(1, 5)
        finally:
            done.append("closed")

    with pytest.raises(Stopped) as stopped:
        run(steps(), "Counting")
    assert stopped.value.exit_code == 143
    assert done == ["after one", "closed"]


def test_a_signal_before_any_run_is_answered_at_once() -> None:
    with pytest.raises(Stopped), handle_signals(stop_at_once):
        signal.raise_signal(signal.SIGTERM)


def test_a_stopped_command_says_one_sentence(
    hemalens: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped() -> None:
        raise Stopped(signal.SIGINT, "stopped after 3 of 30.")

    monkeypatch.setattr(commands, "app", stopped)
    assert hemalens("detect") == 130
    assert capsys.readouterr().err == "hemalens: stopped after 3 of 30.\n"


def test_a_command_that_is_stopped_while_it_loads_says_the_same() -> None:
    code = """
import signal, sys

class Stop:
    def find_spec(self, name, *_):
        if name == "typer":  # on the way into what takes a second to load
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Stop())
sys.argv = ["hemalens", "--version"]
from napari_hemalens.cli import main
main()
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (found.returncode, found.stderr) == (130, "hemalens: stopped\n")
