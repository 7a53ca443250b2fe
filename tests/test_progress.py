"""Long operations yield where they are, end with their result, and say how much longer they take.

No clock runs: time is what a test says.
"""

import dataclasses
from collections.abc import Iterable

import pytest

from napari_hemalens.progress import Progress, RemainingTime, Steps, counted, finish, in_words, stage


def count_steps(number: int, seen: list[str]) -> Steps[int]:
    try:
        for i in range(number):
            yield Progress(i + 1, number, f"step {i + 1}", partial=i)
            seen.append(f"after {i + 1}")
        return 10 * number
    finally:
        seen.append("closed")


def test_an_operation_is_run_to_its_end_and_its_result_returned() -> None:
    seen: list[str] = []
    assert finish(count_steps(3, seen)) == 30
    assert seen == ["after 1", "after 2", "after 3", "closed"]


def test_an_operation_without_a_step_has_a_result_too() -> None:
    assert finish(count_steps(0, [])) == 0


def test_an_error_of_the_operation_reaches_the_caller() -> None:
    def broken() -> Steps[None]:
        yield Progress(1, 2)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        finish(broken())


def test_a_stage_is_a_part_of_the_whole() -> None:
    def both() -> Steps[int]:
        first = yield from stage(count_steps(2, []), 0, 0.8)
        return first + (yield from stage(count_steps(1, []), 0.8, 1))

    steps = both()
    assert [(step.done, step.total, step.share) for step in steps] == [(1, 2, 0.4), (2, 2, 0.8), (1, 1, 1.0)]
    assert finish(both()) == 30
    assert [step.share for step in stage(both(), 0, 0.5)] == [0.2, 0.4, 0.5]  # a stage of a stage


def test_progress_cannot_change_and_says_nothing_by_default() -> None:
    progress = Progress(1, 0)
    assert (progress.message, progress.partial) == ("", None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        progress.done = 2  # type: ignore[misc]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def words_after(steps: Iterable[tuple[float, float]]) -> list[str]:
    """Return what is said after each step of so many seconds that brings the share to this."""
    clock = Clock()
    remaining = RemainingTime(clock)
    said = []
    for took, share in steps:
        clock.now += took
        remaining.note(share)
        said.append(remaining.words)
    return said


def test_nothing_is_said_until_steps_were_measured_for_a_while() -> None:
    assert words_after([(0, 0), (50, 0.1), (10, 0.2), (10, 0.3)]) == ["", "", "", "about 1 minute left"]
    assert words_after([(0, 0), (9, 0.1), (0.5, 0.2), (0.5, 0.3), (1, 0.4)])[-2:] == ["", "a few seconds left"]


def test_loading_the_weights_is_no_step() -> None:
    slow, quick = ([(0, 0), (load, 0.01), *((6, 0.02 + 0.01 * i) for i in range(10))] for load in (500, 1))
    assert words_after(slow) == words_after(quick)
    assert words_after(quick)[-1] == "about 9 minutes left"


def test_later_steps_weigh_more() -> None:
    at_first = [(0, 0), *((60, 0.01 * i) for i in range(1, 31))]
    assert words_after(at_first)[-1] == "about 1 hour 10 minutes left"
    assert words_after([*at_first, *((6, 0.3 + 0.01 * i) for i in range(1, 31))])[-1] == "about 13 minutes left"
    assert words_after([*at_first, *((6, 0.3 + 0.01 * i) for i in range(1, 66))])[-1] == "about 1 minute left"


def test_steps_that_an_earlier_run_had_done_say_nothing_of_the_rest() -> None:
    clock = Clock()
    remaining = RemainingTime(clock)
    for share in (0.0, 0.1, 0.2, 0.5):
        clock.now += 0.01
        remaining.note(share, reused=True)
    for share in (0.6, 0.7):
        clock.now += 100
        remaining.note(share)
    assert remaining.seconds == pytest.approx(300)


def test_time_without_an_advance_counts_for_the_step_that_goes_on() -> None:
    assert words_after([(0, 0), (1, 0.1), (60, 0.1), (60, 0.2), (120, 0.3)])[-1] == "about 14 minutes left"


def test_another_operation_is_measured_anew() -> None:
    said = words_after([(0, 0), (9, 0.2), (9, 0.4), (9, 0.6), (1, 0.1), (1, 0.2), (1, 0.3)])
    assert said[3:] == ["about 20 seconds left", "", "", "a few seconds left"]


def test_at_the_end_nothing_is_left() -> None:
    assert words_after([(0, 0), (9, 0.2), (9, 0.6), (9, 1)])[-1] == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds"),
        (10, "a few seconds"),
        (11, "about 20 seconds"),
        (50, "about 50 seconds"),
        (51, "about 1 minute"),
        (89, "about 1 minute"),
        (170, "about 3 minutes"),
        (59.4 * 60, "about 59 minutes"),
        (3600, "about 1 hour"),
        (3600 + 17 * 60, "about 1 hour 15 minutes"),
        (2 * 3600 + 58 * 60, "about 3 hours"),
        (10.4 * 3600, "about 10 hours"),
        (47 * 3600, "about 47 hours"),
        (72 * 3600, "about 3 days"),
    ],
)
def test_a_time_is_said_as_exactly_as_an_estimate_is(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_one_thing_is_told_from_many() -> None:
    assert [counted(n, "cell") for n in (0, 1, 2_000)] == ["0 cells", "1 cell", "2,000 cells"]
    assert [counted(n, "class is", "classes are") for n in (1, 2)] == ["1 class is", "2 classes are"]
