"""What trials of faults share: their list, the command line in this process or another, small images."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from napari_hemalens import cli

ROOT = Path(__file__).parents[1]
PATIENCE_S = 600  # for what another process does


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial: what a user got, in the words that were printed, and whether that was what they should."""

    got: str
    survived: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault to be tried: its kind, what is done, what a user should get, and what tries it in an empty folder."""

    kind: str
    done: str
    wanted: str
    attempt: Callable[[Path], Outcome]


FAULTS: list[Fault] = []


def fault(kind: str, done: str, wanted: str) -> Callable[[Callable[[Path], Outcome]], Callable[[Path], Outcome]]:
    """Add a trial to the list."""

    def add(attempt: Callable[[Path], Outcome]) -> Callable[[Path], Outcome]:
        FAULTS.append(Fault(kind, done, wanted, attempt))
        return attempt

    return add


def try_fault(each: Fault, folder: Path) -> Outcome:
    """Try a fault; whatever it raises is what a user would have got."""
    try:
        return each.attempt(folder)
    except Exception as error:  # noqa: BLE001 -- that is what the trial found
        return Outcome(f"{type(error).__name__}: {error}", False)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The last line that is about an error, else the last line."""
        lines = [line.strip() for line in (*self.out.splitlines(), *self.err.splitlines()) if line.strip()]
        return lines[-1] if lines else ""

    @property
    def is_plain(self) -> bool:
        """Whether no traceback and no fault of HemaLens was printed."""
        return not any(word in self.out + self.err for word in ("Traceback", "fault of HemaLens"))


def hemalens(*arguments: str | Path) -> Said:
    """Run the command in this process."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", ["hemalens", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        except Exception:  # noqa: BLE001 -- what a user would see
            code = 1
            err.write(traceback.format_exc())
    return Said(code, out.getvalue(), err.getvalue())


def start(*arguments: str | Path, before: str = "") -> "subprocess.Popen[str]":
    """Start the command in a process of its own; `before` is Python that runs first."""
    code = f"{before}\nimport sys\nfrom napari_hemalens.cli import main\nsys.argv[0] = 'hemalens'\nmain()"
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")


def ended(process: "subprocess.Popen[str]") -> Said:
    """Wait for the end of a process."""
    out, err = process.communicate(timeout=PATIENCE_S)
    return Said(process.returncode, out, err)


def script(code: str, *arguments: str | Path) -> Said:
    """Run Python in a process of its own, which has a minute; 142 is the exit code of one that hung."""
    begin = f"import signal\nsignal.alarm({PATIENCE_S // 5})\n"
    command = [sys.executable, "-W", "ignore", "-c", begin + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Said(done.returncode, done.stdout, done.stderr)


def stop_after_first(process: "subprocess.Popen[str]", out: Path, signum: int) -> Said:
    """Send a signal to a run once the record of its first image is on disk."""
    until = time.monotonic() + PATIENCE_S
    while not any((out / "records").glob("*.npz")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signum)
    return ended(process)


def smear() -> NDArray[np.uint8]:
    """Return the sample smear (H, W, 3)."""
    return np.asarray(iio.imread(ROOT / "sample_data" / "blood_smear.tif"))


def fields(folder: Path, number: int, side: int = 160) -> list[Path]:
    """Write small parts of the sample smear as images."""
    folder.mkdir(parents=True, exist_ok=True)
    whole, files = smear(), []
    for i in range(number):
        y, x = (i * side) % (whole.shape[0] - side), (i * 97) % (whole.shape[1] - side)
        files.append(folder / f"field{i:02d}.png")
        iio.imwrite(files[-1], whole[y : y + side, x : x + side])
    return files


def detect(*paths: str | Path, out: Path, more: tuple[str, ...] = ()) -> Said:
    """Run `hemalens detect` on small images."""
    return hemalens("detect", *paths, "--out", out, "--pixel-size", "0.15", "--device", "cpu", *more)


def run_json(out: Path) -> dict[str, Any]:
    """Return what a run says of itself."""
    found: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return found


def name_of(signum: int) -> str:
    """Return what a signal is called."""
    return signal.Signals(signum).name


def has_fork() -> bool:
    """Return whether processes can be forked here."""
    return hasattr(os, "fork")
