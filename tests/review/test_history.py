"""Undo and redo."""

from napari_hemalens.review.history import History


def test_undo_returns_to_each_state_and_redo_comes_back():
    history = History()
    history.remember("a")
    history.remember("b")
    assert history.back("c") == "b"
    assert history.back("b") == "a"
    assert not history.can_undo
    assert history.forth("a") == "b"
    assert history.forth("b") == "c"
    assert not history.can_redo


def test_a_new_change_ends_what_could_be_redone():
    history = History()
    history.remember("a")
    history.back("b")
    history.remember("a")
    assert not history.can_redo


def test_where_there_is_nothing_to_return_to_the_state_stays():
    history = History()
    assert history.back("a") == "a"
    assert history.forth("a") == "a"
    assert not history.can_redo


def test_the_oldest_states_are_forgotten():
    history = History(limit=2)
    for state in "abc":
        history.remember(state)
    assert history.back("d") == "c"
    assert history.back("c") == "b"
    assert not history.can_undo


def test_a_history_begins_anew_with_states_to_go_back_to():
    history = History(limit=2)
    history.remember("x")
    history.back("y")
    history.begin("abc")
    assert (history.past, history.can_redo) == (("b", "c"), False)
    assert history.back("now") == "c"
    history.begin()
    assert not history.can_undo
    assert not history.can_redo
