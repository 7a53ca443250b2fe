"""Words of a person are taken back and said again; what the classifier says meanwhile stays."""

from dataclasses import replace

from napari_hemalens.gui.classify.undoing import ClassHistory
from napari_hemalens.review.classes import ReviewedClasses


def say(state, number, name):
    state.reviewed = state.reviewed.with_corrections({number: name})


def test_nothing_said_is_nothing_to_take_back(classified):
    history = ClassHistory()
    assert not history.can_undo
    assert not history.can_redo
    assert history.back(classified.results.states, None) == []


def test_words_outlive_another_run(classified):
    history, (state,) = ClassHistory(), classified.results.states
    history.remember([state], None)
    say(state, 7, "none")
    found = state.reviewed.cells
    state.reviewed = ReviewedClasses(found.with_corrections([-1, -1, -1, -1]), state.reviewed.corrections)
    later = state.reviewed.cells
    assert history.back([state], None) == [state]
    assert dict(state.reviewed.corrections) == {}
    assert state.reviewed.cells is later
    assert history.forth([state], None) == [state]
    assert dict(state.reviewed.corrections) == {7: "none"}


def test_results_that_are_gone_are_left_alone(classified):
    history, (state,) = ClassHistory(), classified.results.states
    history.remember([state], None)
    say(state, 7, "none")
    assert history.back([], None) == []
    assert dict(state.reviewed.corrections) == {7: "none"}


def test_what_is_forgotten_is_no_longer_held_and_the_rest_is_taken_back(classified):
    history, (state,) = ClassHistory(), classified.results.states
    other = replace(state)
    history.remember([state], None)
    history.remember([state, other], None)
    say(other, 7, "none")
    history.forget([state])
    assert history.back([other], None) == [other]
    assert dict(other.reviewed.corrections) == {}
    assert not history.can_undo
