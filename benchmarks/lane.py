"""The contender's side of a race: runs once for every line that comes in, and answers in JSON."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable

PROCESSOR_TIME = "BENCHMARK_PROCESSOR_TIME"
"""Variable of the environment: time is then that of processors, of all threads, which other work does not prolong."""

clock = time.process_time if os.environ.get(PROCESSOR_TIME) else time.perf_counter

_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


def peak_mb() -> float:
    """Return the most memory that this process has had in use, in MB."""
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
