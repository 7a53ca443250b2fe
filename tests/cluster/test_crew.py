"""Errands: calls in any order, tried again a bounded number of times, taken back on a stop."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from napari_hemalens.cluster.connection import connected
from napari_hemalens.cluster.crew import Call, Ended, Errand, run_errands
from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.errors import ClusterError, DeviceError, ImageError

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two workers that are threads of this process."""
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        yield client


def double(number: int) -> int:
    return 2 * number


def note_and_fail(log: Path, error: Exception) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write("tried\n")
    raise error


def slow(log: Path) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write("begun\n")
    time.sleep(0.2)


def doubled_twice(numbers: list[int]) -> Errand[int]:
    """Double some numbers, then their sum."""
    found: list[int] = []
    yield (Call(double, (number,), found.append, str(number)) for number in numbers)
    total: list[int] = []
    yield [Call(double, (sum(found),), total.append, "sum")]
    return total[0]


def failing(log: Path, error: Exception) -> Errand[None]:
    yield [Call(note_and_fail, (log, error), lambda _: None, "a call")]


def ended(client: Any, errands: Any, **options: Any) -> dict[int, Ended[Any]]:
    return {each.number: each for each in run_errands(client, errands, **options) if each is not None}


def test_an_errand_goes_on_once_all_calls_are_answered(client: Any) -> None:
    sums = ended(client, (doubled_twice(list(range(n))) for n in (3, 0, 20)))
    assert [sums[n].result for n in range(3)] == [12, 0, 760]


def test_an_errand_without_calls_ends_at_once(client: Any) -> None:
    def nothing() -> Errand[str]:
        yield from ()
        return "nothing"

    assert ended(client, [nothing()])[0].result == "nothing"


def test_a_call_that_fails_is_made_again_a_bounded_number_of_times(client: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    outcome = ended(client, [failing(log, OSError("no answer")), doubled_twice([1])], retries=2)
    assert log.read_text(encoding="utf-8").count("tried") == 3
    assert str(outcome[0].error) == "no answer"
    assert outcome[0].error.__notes__ == ["a call, tried 3 times"]
    assert outcome[1].result == 4


def test_what_would_fail_again_is_not_tried_again(client: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    outcome = ended(client, [failing(log, ImageError("Cannot read it."))], retries=5)
    assert log.read_text(encoding="utf-8").count("tried") == 1
    assert isinstance(outcome[0].error, ImageError)


def test_an_errand_may_answer_an_error_of_its_call(client: Any, tmp_path: Path) -> None:
    def forgiving() -> Errand[str]:
        try:
            yield from failing(tmp_path / "log", ImageError("Cannot read it."))
        except ImageError as error:
            return f"had {error}"
        return "had nothing"

    assert ended(client, [forgiving()])[0].result == "had Cannot read it."


def test_a_stop_takes_calls_back_and_closes_errands(client: Any, tmp_path: Path) -> None:
    log, closed = tmp_path / "log", []

    def long() -> Errand[None]:
        try:
            yield (Call(slow, (log,), lambda _: None, "slow") for _ in range(500))
        finally:
            closed.append(True)

    steps = run_errands(client, [long()])
    next(steps)
    steps.close()
    assert closed == [True]
    time.sleep(0.6)
    begun = log.read_text(encoding="utf-8").count("begun")
    time.sleep(0.5)
    assert log.read_text(encoding="utf-8").count("begun") == begun < 20


def test_few_calls_are_underway_at_once(client: Any) -> None:
    drawn = []

    def calls() -> Iterator[Call]:
        for number in range(100):
            drawn.append(number)
            yield Call(double, (number,), lambda _: None, "")

    def long() -> Errand[None]:
        yield calls()

    steps = run_errands(client, [long()])
    next(steps)
    assert len(drawn) < 10
    steps.close()


def test_a_scheduler_that_goes_away_is_a_sentence(tmp_path: Path) -> None:
    options = {"n_workers": 1, "processes": False, "dashboard_address": ":0"}
    closed = []

    def long() -> Errand[None]:
        try:
            yield (Call(slow, (tmp_path / "log",), lambda _: None, "slow") for _ in range(500))
        finally:
            closed.append(True)

    with distributed.LocalCluster(**options) as cluster:
        client = distributed.Client(cluster.scheduler_address, timeout=1, set_as_default=False)
        steps = run_errands(client, [long()])
        next(steps)
        cluster.close()
        with pytest.raises(ClusterError, match=r"went away.*the same command goes on from there"):
            list(steps)
        client.close()
    assert closed == [True]


def test_a_scheduler_that_is_gone_as_an_errand_goes_on_is_a_sentence() -> None:
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster:
        client = distributed.Client(cluster.scheduler_address, timeout=1, set_as_default=False)

        def slow_between() -> Errand[None]:
            yield [Call(double, (1,), lambda _: None, "one")]
            cluster.close()
            while client.status != "closed":
                time.sleep(0.05)
            yield [Call(double, (2,), lambda _: None, "two")]

        with pytest.raises(ClusterError, match="The scheduler of the cluster went away"):
            ended(client, [slow_between()])


def test_a_result_lost_on_its_way_is_a_sentence(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_: Any) -> None:
        raise distributed.client.FutureCancelledError("double", "scheduler-connection-lost")

    monkeypatch.setattr(distributed.Future, "result", lost)
    with pytest.raises(ClusterError, match="The scheduler of the cluster went away"):
        ended(client, [doubled_twice([1])])


@pytest.mark.slow
def test_a_call_that_kills_its_workers_is_a_sentence() -> None:
    def deadly() -> Errand[None]:
        yield [Call(os._exit, (1,), lambda _: None, "block 2 of a.tif")]

    with connected(ClusterRecipe(scheduler="local", workers=1)) as client:
        client.cluster.scheduler.allowed_failures = 1
        error = ended(client, [deadly()])[0].error
        assert ended(client, [doubled_twice([1])])[0].result == 4  # by a worker that was started anew
    assert isinstance(error, DeviceError)
    assert str(error).startswith("Workers died again and again at block 2 of a.tif, most likely for want of memory")
