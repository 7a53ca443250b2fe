"""Notes of several results are told once for each fault."""

from napari_hemalens.records.notes import fault_of, merged_notes, pooled_notes

BLUR, OTHER_BLUR, DARK = "Out of focus: take it again.", "Out of focus: choose others.", "Dark ground: do not."


def test_a_fault_is_what_stands_before_the_colon() -> None:
    assert fault_of(BLUR) == "Out of focus"
    assert fault_of("No colon.") == "No colon."


def test_of_notes_about_one_fault_the_first_is_kept() -> None:
    assert merged_notes([BLUR, DARK], [OTHER_BLUR]) == (BLUR, DARK)
    assert merged_notes() == ()


def test_the_notes_of_one_image_stay_as_they_are() -> None:
    assert pooled_notes([("a.png", [BLUR, DARK])]) == (BLUR, DARK)


def test_notes_of_several_images_say_how_many_and_which() -> None:
    images = [("/d/a.png", [BLUR]), ("/d/b.png", []), ("/d/c.png", [OTHER_BLUR, DARK])]
    assert pooled_notes(images) == (f"{BLUR} (2 of 3 images: a.png, c.png)", f"{DARK} (1 of 3 images: c.png)")


def test_of_many_images_only_three_are_named() -> None:
    (said,) = pooled_notes([(f"{n}.png", [BLUR]) for n in range(9)])
    assert said == f"{BLUR} (9 of 9 images: 0.png, 1.png, 2.png, …)"
