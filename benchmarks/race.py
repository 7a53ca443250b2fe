"""Contenders in processes of their own, taking turns: what disturbs the machine disturbs all of them alike."""

import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

_LOADING = 600  # seconds after which a contender that is not ready is given up


class Contender:
    """A process that loads and warms up, then runs once whenever it is asked to; see `lane.py`."""

    def __init__(self, script: Path, *arguments: object, limit: float) -> None:
        command = [sys.executable, str(script), *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = self._answer(_LOADING)
        self.limit = limit

    def run(self) -> dict[str, Any] | None:
        """Return the figures of one run; None where it took longer than the limit."""
        if self.ready is None:
            return None
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return self._answer(self.limit)

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()

    def _answer(self, limit: float) -> dict[str, Any] | None:
        """Return what the process says next; it is ended where it says nothing for too long."""
        asked = time.monotonic()
        timer = Timer(limit, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if not line and time.monotonic() - asked < limit:
            raise RuntimeError(f"A contender failed: {' '.join(self.process.args)}")
        return json.loads(line) if line else None


@dataclass
class Result:
    """Rounds of one contender, in order: `rounds` is empty where one took too long.

    `loaded_mb` is its peak memory when all was loaded, before the first image.
    """

    loaded_mb: float = math.nan
    rounds: list[dict[str, Any]] = field(default_factory=list)

    def median(self, figure: str) -> float:
        """Return the median of a figure over the rounds."""
        return statistics.median(round_[figure] for round_ in self.rounds)

    @property
    def last(self) -> Mapping[str, Any]:
        """Figures of the last round."""
        return self.rounds[-1]


def race(
    script: Path, names: Sequence[str], arguments: Sequence[object], *, repeats: int, limit: float
) -> dict[str, Result]:
    """Let contenders run in turn, `repeats` times; one that exceeds `limit` seconds is out."""
    contenders = {name: Contender(script, name, *arguments, limit=limit) for name in names}
    results = {
        name: Result((contender.ready or {}).get("loaded_mb", math.nan)) for name, contender in contenders.items()
    }
    for _ in range(repeats):
        for name, contender in list(contenders.items()):
            figures = contender.run()
            if figures is None:
                contenders.pop(name).close()
                results[name].rounds.clear()
            else:
                results[name].rounds.append(figures)
    for contender in contenders.values():
        contender.close()
    return results


def ratio(result: Result, base: Result) -> tuple[float, float, float]:
    """Return how many times as long as `base` a contender took: median, least and most of the rounds."""
    ratios = [a["seconds"] / b["seconds"] for a, b in zip(result.rounds, base.rounds, strict=True)]
    return statistics.median(ratios), min(ratios), max(ratios)
