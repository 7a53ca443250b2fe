"""Own classes: names, colours and keys that never collide, and ids that labels can hold on to."""

import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.class_set import ClassSet
from napari_hemalens.records.palette import CLASS_COLOURS
from napari_hemalens.records.tasks import TASKS


@pytest.mark.parametrize("name", TASKS)
def test_the_classes_of_every_task_are_a_preset(name: str) -> None:
    classes = ClassSet.of_task(TASKS[name])
    assert classes.names == TASKS[name].classes
    assert len({each.colour for each in classes}) == len({each.key for each in classes}) == len(classes)


def test_a_known_class_has_the_colour_and_key_of_all_docks() -> None:
    (blast,) = ClassSet.of_names(["blast"])
    assert (blast.name, blast.colour, blast.key) == ("blast", CLASS_COLOURS["blast"], "1")


def test_classes_of_any_name_get_colours_and_keys_that_are_free() -> None:
    classes = ClassSet.of_names(["smudge", "hairy cell", "blast", *(f"kind {k}" for k in range(40))])
    assert len({each.key for each in classes if each.key}) == 36  # ten digits and 26 letters; the others have none
    assert len({each.colour for each in classes}) >= 19


def test_a_class_is_added_with_a_colour_and_key_of_its_own() -> None:
    classes = ClassSet().add("smudge", "#ABCDEF", "x")
    assert (classes.named("smudge").colour, classes.named("smudge").key) == ("#abcdef", "X")
    assert classes.of_key("x") == classes.named("smudge")
    assert classes.of_key("") is None
    assert ClassSet().add("smudge", key="").of_key("") is None


def test_a_renamed_class_keeps_its_id_and_a_removed_id_never_returns() -> None:
    classes = ClassSet.of_names(["a", "b"])
    renamed = classes.change("a", name="smudge", key="S")
    assert renamed.named("smudge").id == classes.named("a").id
    again = renamed.remove("b").add("c")
    assert again.ids == ("c1", "c3")


@pytest.mark.parametrize(
    ("name", "colour", "key", "said"),
    [
        ("BLAST", None, None, "There is a class 'blast' already"),
        ("other", None, "1", "The key 1 assigns 'blast' already"),
        ("", None, None, "1 to 60 characters"),
        ("x" * 61, None, None, "1 to 60 characters"),
        ("other", "red", None, "'#rrggbb'"),
        ("other", None, "F1", "A key is a digit or a letter"),
        ("other", None, "?", "A key is a digit or a letter"),
    ],
)
def test_what_is_no_class_is_refused(name: str, colour: str | None, key: str | None, said: str) -> None:
    with pytest.raises(RecipeError, match=said.replace("?", r"\?")):
        ClassSet.of_names(["blast"]).add(name, colour, key)


def test_changes_are_checked_like_new_classes() -> None:
    classes = ClassSet.of_names(["blast", "normal"])
    with pytest.raises(RecipeError, match="The key 1 assigns 'blast'"):
        classes.change("normal", key="1")
    with pytest.raises(RecipeError, match="A class has no size"):
        classes.change("normal", size=3)
    with pytest.raises(RecipeError, match=r"No class 'nobody'\. Known: blast, normal"):
        classes.remove("nobody")
    assert classes.change("blast", name="Blast").names == ("Blast", "normal")
