"""Rows are ranked only where the plain one has learned."""

import pytest

from napari_hemalens.experiments.floors import Floor

FLOOR = Floor("plain", "AUC", 0.9)


@pytest.mark.parametrize(
    ("values", "cleared", "said"),
    [
        ([0.95, 0.91], True, "The budget is large enough: the plain baseline, Plain, reaches AUC 0.930"),
        (
            [0.95, 0.80],
            False,
            "**Below the floor, so nothing is ranked**: the plain baseline, Plain, reaches AUC 0.875",
        ),
        ([], False, "**Whether the budget is large enough is not known**: the plain baseline, Plain, was not run"),
    ],
)
def test_the_mean_of_the_plain_row_decides(values: list[float], *, cleared: bool, said: str) -> None:
    assert FLOOR.is_cleared(values) == cleared
    assert FLOOR.judge("Plain", values).startswith(said)
    assert "floor 0.90" in FLOOR.judge("Plain", values)


def test_a_plain_row_exactly_at_the_floor_has_learned() -> None:
    assert FLOOR.is_cleared([0.9])
