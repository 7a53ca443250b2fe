"""What a person reads while teaching."""

import pytest

from napari_hemalens.gui.teach.view import (
    accuracy_in_words,
    counts_in_words,
    curve_in_words,
    second_look_in_words,
    shown_cell,
)


@pytest.fixture
def pool(taught):
    return taught.taught


def words(pool, row):
    pool.go_to(row)
    return shown_cell(pool).words.splitlines()


def test_a_cell_is_shown_with_its_image_and_what_is_known_of_it(pool):
    plain = [row for row in range(20) if row not in pool.pool.random.tolist()]
    assert words(pool, plain[0]) == ["smear", "The model cannot tell yet."]
    assert words(pool, pool.pool.random[0])[1] == "A random cell: it measures, and nothing is trained on it."
    for row in plain[:8]:
        pool.label_rows([row], ("dark", "bright")[row % 2])
    pool.refit()
    assert words(pool, plain[0])[1] in {"You said dark.", "You said bright."}
    assert words(pool, plain[10])[1].startswith(f"Perhaps {('dark', 'bright')[plain[10] % 2]} (")
    pool.not_sure()
    assert words(pool, plain[10])[1] == "You were not sure."
    assert shown_cell(pool).picture.shape == (64, 64, 3)


def test_without_a_cell_left_none_is_shown(pool):
    pool.label_rows(range(20), "dark")
    pool.go_on()
    assert shown_cell(pool) is None


def test_labels_are_counted(pool):
    assert counts_in_words(pool) == "0 of 20 cells labelled."
    pool.label("dark")
    pool.not_sure()
    assert counts_in_words(pool) == "1 of 20 cells labelled, 1 not sure."


def test_accuracy_is_told_with_its_interval_once_it_is_known(pool):
    assert accuracy_in_words(pool) == "Accuracy is known once two classes and a random cell have labels."
    random = pool.pool.random.tolist()
    for row in [row for row in range(20) if row not in random][:8] + random[:1]:
        pool.label_rows([row], ("dark", "bright")[row % 2])
    pool.refit()
    assert accuracy_in_words(pool) == "Accuracy 100% (21 to 100 %) on 1 random cell."
    pool.label_rows([random[1]], ("dark", "bright")[random[1] % 2])
    pool.refit()
    assert accuracy_in_words(pool).endswith("on 2 random cells.")


def test_labels_that_were_there_before_are_said_to_be_fitted(pool):
    assert not pool.awaits_model
    assert "now 0" in curve_in_words(pool)
    plain = [row for row in range(20) if row not in pool.pool.random.tolist()]
    for row in plain[:8]:
        pool.label_rows([row], ("dark", "bright")[row % 2])
    pool._refitted = None  # as a project is opened again
    assert accuracy_in_words(pool) == "A model is being fitted to your labels."
    assert words(pool, plain[10])[1] == "The model is being fitted."
    assert curve_in_words(pool) == ""
    pool.refit()
    assert not pool.awaits_model
    assert "now 8" in curve_in_words(pool)


def test_a_label_that_the_model_contradicts_stands_beside_its_own_word(pool):
    plain = [row for row in range(20) if row not in pool.pool.random.tolist()]
    for row in plain[:12]:
        pool.label_rows([row], ("dark", "bright")[row % 2])
    wrong = pool.pool.random.tolist()[0]  # nothing is trained on a random cell: the model goes on to contradict it
    pool.label_rows([wrong], ("bright", "dark")[wrong % 2])
    pool.refit()
    own, other = ("bright", "dark") if wrong % 2 == 0 else ("dark", "bright")
    assert words(pool, wrong)[1].startswith(f"You said {own}. The model says {other} (")


def test_a_second_look_says_how_many_cells_are_left():
    assert second_look_in_words(()) == "Second look"
    assert second_look_in_words((4, 7)) == "Second look (2 left)"


def test_before_there_is_a_class_it_says_so(pool):
    pool.project.remove_class("dark")
    pool.project.remove_class("bright")
    assert words(pool, 0)[1] == "Add a class first: type its name below."
