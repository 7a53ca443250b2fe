"""The contender's side of a race: runs once for every line that comes in, and answers in JSON."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROCESSOR_TIME = "BENCHMARK_PROCESSOR_TIME"
"""Variable of the environment: time is then that of processors, of all threads, which other work does not prolong."""

clock = time.process_time if os.environ.get(PROCESSOR_TIME) else time.perf_counter

_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
_STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """Return the most memory that this process has had in use, in MB."""
    if _STATUS.exists():  # Linux counts what the process had that started this one into ru_maxrss
        said = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(said.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT / 1e6


def serve(run: Callable[[], dict[str, float]], warmup: Callable[[], object]) -> None:
    """Warm up and say so, then run whenever asked; `run` may time itself as `seconds`."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    loaded = peak_mb()
    warmup()
    print(json.dumps({"loaded_mb": loaded}), file=answers, flush=True)
    for _ in sys.stdin:
        start = clock()
        figures = run()
        figures = {"seconds": clock() - start, **figures, "peak_mb": peak_mb()}
        print(json.dumps(figures), file=answers, flush=True)
