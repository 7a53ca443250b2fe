"""Decisions replay to the same state, whatever was undone in between."""

from napari_hemalens.projects.decisions import Decision, Decisions, Entry


def label(cell: str, class_id: str = "c1") -> tuple[Decision, ...]:
    return (Decision("label", cell, class_id, "blast"),)


def classes(decisions: Decisions) -> dict[str, str]:
    return {cell: decision.class_id for cell, decision in decisions.labels.items()}


def test_the_last_word_on_a_cell_counts_and_keeps_its_place() -> None:
    found = Decisions.replay([label("a"), label("b"), label("a", "c2")])
    assert list(classes(found).items()) == [("a", "c2"), ("b", "c1")]


def test_undo_and_redo_walk_over_steps() -> None:
    several = (*label("b"), *label("c"))
    found = Decisions.replay([label("a"), several])
    assert found.add("undo") == several
    assert classes(found) == {"a": "c1"}
    assert found.add("redo") == several
    assert classes(found) == {"a": "c1", "b": "c1", "c": "c1"}
    assert found.add("undo") == several
    assert found.add("undo") == label("a")
    assert found.add("undo") == ()
    assert classes(found) == {}


def test_undoing_a_correction_brings_the_first_label_back() -> None:
    found = Decisions.replay([label("a"), label("a", "c2"), "undo"])
    assert classes(found) == {"a": "c1"}


def test_a_new_decision_ends_what_could_be_redone() -> None:
    found = Decisions.replay([label("a"), "undo", label("b")])
    assert found.add("redo") == ()
    assert classes(found) == {"b": "c1"}


def test_not_sure_is_said_but_no_label_and_a_cleared_cell_is_open_again() -> None:
    entries: list[Entry] = [label("a"), (Decision("unsure", "a"),), label("b"), (Decision("clear", "b"),)]
    found = Decisions.replay(entries)
    assert (dict(found.labels), [*found.said]) == ({}, ["a"])
    found.add("undo")
    assert classes(found) == {"b": "c1"}


def test_cells_that_were_passed_over_are_counted_until_that_is_undone() -> None:
    found = Decisions.replay([(Decision("skip", "a"),), (Decision("skip", "a"),)])
    assert (found.skips["a"], dict(found.said)) == (2, {})
    found.add("undo")
    assert found.skips["a"] == 1
    assert [decision.kind for decision in found] == ["skip"]
