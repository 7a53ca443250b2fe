"""The longer it takes to draw, the rarer partial results are drawn."""

from napari_hemalens.gui.pace import PATIENCE, Pace


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


def test_the_first_of_another_run_is_due_at_once():
    now = [100.0]
    pace = Pace(lambda: now[0])
    with pace.drawing():
        now[0] += 2
    pace.begin()
    assert pace.is_due
