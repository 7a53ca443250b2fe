"""Long operations yield where they are, and end with their result."""

import dataclasses

import pytest

from napari_hemalens.progress import Progress, Steps, finish, stage


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
