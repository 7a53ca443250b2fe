"""The longer it takes to draw, the rarer partial results are drawn; small steps are taken together."""

from napari_hemalens.gui.pace import APART_S, PATIENCE, Pace, several_at_once


def test_drawing_is_due_after_a_multiple_of_what_it_took():
    now = [100.0]
    pace = Pace(lambda: now[0])
    assert pace.is_due
    with pace.drawing():
        now[0] += 2
    assert not pace.is_due
    now[0] += PATIENCE * 2 - 0.1
    assert not pace.is_due
    now[0] += 0.1
    assert pace.is_due


def test_what_is_drawn_at_once_is_painted_before_it_is_drawn_again():
    now = [100.0]
    pace = Pace(lambda: now[0])
    with pace.drawing():
        pass
    assert not pace.is_due
    now[0] += APART_S
    assert pace.is_due


def test_the_first_of_another_run_is_due_at_once():
    now = [100.0]
    pace = Pace(lambda: now[0])
    with pace.drawing():
        now[0] += 2
    pace.begin()
    assert pace.is_due


def test_small_steps_are_taken_together_and_large_ones_alone():
    now, taken = [100.0], []

    def steps():
        for seconds in (0.001, 0.001, 1.0, 1.0, 0.001):
            now[0] += seconds
            taken.append(seconds)
            yield

    turns = [len(taken) for _ in several_at_once(steps(), lambda: now[0])]
    assert turns == [3, 4]
    assert len(taken) == 5
