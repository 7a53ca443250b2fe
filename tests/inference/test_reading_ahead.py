from collections.abc import Generator
from threading import Event, current_thread, main_thread

import pytest

from napari_hemalens.inference.reading_ahead import read_ahead

SOON = 10  # seconds


def numbers(until: int, made: list[int]) -> Generator[int, None, None]:
    try:
        for number in range(1, until):
            made.append(number)
            yield number
    finally:
        made.append(0)  # closed


def test_items_come_in_their_order_and_all_of_them() -> None:
    made: list[int] = []
    assert list(read_ahead(numbers(20, made))) == list(range(1, 20))
    assert made == [*range(1, 20), 0]
    assert list(read_ahead(numbers(1, []))) == []


def test_the_next_item_is_made_before_it_is_asked_for() -> None:
    second = Event()

    def items() -> Generator[int, None, None]:
        assert current_thread() is not main_thread()
        yield 1
        second.set()
        yield 2

    ahead = read_ahead(items())
    assert next(ahead) == 1
    assert second.wait(SOON)
    assert list(ahead) == [2]


def test_an_error_is_raised_after_the_items_before_it() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        raise OSError("the disk is gone")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(ahead)


def test_nothing_is_read_any_more_after_a_stop() -> None:
    made: list[int] = []
    ahead = read_ahead(numbers(1000, made))
    assert [next(ahead), next(ahead)] == [1, 2]
    ahead.close()
    assert made[-1] == 0
    assert len(made) < 10
