"""The gallery marks cells by more than a colour, and says what cannot be shown."""

import base64
import math

from napari_hemalens.reports.gallery import ClassPictures, Thumbnail, gallery_notes, shelves
from napari_hemalens.reports.language import Language

CELLS = (
    Thumbnail(b"a", 0.31, unsure=True),
    Thumbnail(b"b", 0.59),
    Thumbnail(b"c", 0.6),
    Thumbnail(b"d", math.nan),
    Thumbnail(b"e", 0.2, given=True),
)


def test_each_cell_is_marked_by_what_is_known_of_its_class() -> None:
    (shelf,) = shelves([ClassPictures("blast", 1200, CELLS), ClassPictures("monocyte", 3, ())], Language.of("de"))
    assert (shelf.title, shelf.said) == ("Blast", "5 von 1.200")
    assert [(picture.mark, picture.caption) for picture in shelf.pictures] == [
        ("unsure", "unsicher 31 %"),
        ("doubtful", "59 %"),
        ("", "60 %"),
        ("", ""),
        ("given", "von Hand"),
    ]
    assert base64.b64decode(shelf.pictures[0].data.partition(",")[2]) == b"a"


def test_images_that_are_not_there_are_named_even_without_pictures() -> None:
    english = Language.of("en")
    assert gallery_notes([], "", ["gone.tif"], english) == (
        "The image gone.tif cannot be shown: it was not found, or not read.",
    )
    how, scale = gallery_notes([ClassPictures("blast", 5, CELLS)], "21 µm", [], english)
    assert "less certain than 60 %" in how
    assert "21 µm wide" in scale
