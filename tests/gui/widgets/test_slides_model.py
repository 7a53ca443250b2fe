"""Slides as a table of Qt."""

import pytest
from qtpy.QtCore import Qt

from napari_hemalens.gui.widgets.slides_model import NAME, SlidesModel
from napari_hemalens.workflows.project_slides import ProjectSlide, SlidesTable

SLIDES = SlidesTable((ProjectSlide("x/a.tif", "P1", beside={"age": "61"}), ProjectSlide("b.tif")), ("age",))


@pytest.fixture
def model(qapp):
    made = SlidesModel(lambda slide: (f"found in {slide.name}", "broken" if slide.name == "b.tif" else ""))
    made.show_slides(SLIDES, editable=True)
    return made


def test_columns_are_those_of_the_table_between_name_and_results(model):
    titles = [model.headerData(i, Qt.Orientation.Horizontal) for i in range(model.columnCount())]
    assert titles == ["Slide", "Patient", "Sample", "Stain", "Group", "age", "Results"]
    row = [model.data(model.index(0, i)) for i in range(model.columnCount())]
    assert row == ["a.tif", "P1", "", "", "", "61", "found in a.tif"]
    tips = [model.data(model.index(i, model.results), Qt.ItemDataRole.ToolTipRole) for i in range(2)]
    assert tips == ["found in a.tif", "broken"]
    assert model.data(model.index(0, NAME), Qt.ItemDataRole.ToolTipRole) == "x/a.tif"


def test_texts_are_told_and_names_and_results_are_not_edited(model):
    told = []
    model.edited.connect(lambda *what: told.append(what))
    assert model.setData(model.index(1, 4), "case")
    assert model.setData(model.index(0, 1), "P1")  # as it was: it may be meant for others
    assert told == [(1, "group", "case"), (0, "patient", "P1")]
    editable = Qt.ItemFlag.ItemIsEditable
    assert [bool(model.flags(model.index(0, i)) & editable) for i in range(7)] == [False, *[True] * 5, False]
    model.show_slides(SLIDES, editable=False)
    assert not model.flags(model.index(0, 1)) & editable


def test_other_texts_of_the_same_slides_leave_the_selection(model):
    reset, changed = [], []
    model.modelReset.connect(lambda: reset.append(1))
    model.dataChanged.connect(lambda *_: changed.append(1))
    model.show_slides(SLIDES.with_text(0, "age", "62"), editable=True)
    assert (reset, changed, model.data(model.index(0, 5))) == ([], [1], "62")
    model.show_slides(SLIDES.without([0]), editable=True)
    assert (reset, model.rowCount()) == ([1], 1)
