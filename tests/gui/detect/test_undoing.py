"""What undo returns to, as far as a project keeps it."""

import numpy as np
import pytest
from napari.layers import Image

from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.undoing import BoxHistory


@pytest.fixture
def fields():
    return [Field("a"), Field("b")]


def test_the_past_ends_where_there_were_other_fields(fields):
    history, (a, b) = BoxHistory(), fields
    history.remember(("marrow", True, ((a, a.cells),)))
    history.remember(("marrow", True, ((a, a.cells), (b, b.cells))))
    history.remember(("blood", False, ((a, a.cells), (b, b.cells))))
    cells = (a.cells, b.cells)
    assert history.past_of(fields) == (("marrow", True, cells), ("blood", False, cells))
    assert history.past_of([b]) == ()


def test_fields_that_a_project_did_not_keep_are_undone_to_what_they_are(fields):
    history, (kept, other) = BoxHistory(), fields
    history.begin_with([kept], [("blood", True, (kept.cells,))], [other])
    assert history.past_of(fields) == (("blood", True, (kept.cells, other.cells)),)
    assert not history.can_redo


def test_an_image_that_was_removed_is_not_kept_to_undo_with():
    history, image, other = BoxHistory(), Image(np.zeros((8, 8))), Image(np.zeros((8, 8)))
    fields = [Field("gone", image=image), Field("left", image=other)]
    history.remember(("marrow", True, tuple((f, f.cells) for f in fields)))
    history.remember(("marrow", True, ()))
    history.back(("blood", True, tuple((f, f.cells) for f in fields)))
    history.let_go(image)
    assert [f.image for f in fields] == [None, other]
