"""Fields of pydantic options become widgets of magicgui."""

from typing import Literal

import pytest
from pydantic import BaseModel, Field
from qtpy.QtWidgets import QAbstractSpinBox

from napari_hemalens.gui.widgets.fields import NumberEdit, Slider, label_of, widget_for

pytestmark = pytest.mark.window


class Options(BaseModel):
    plain_name: int = Field(default=3, ge=2, description="What it does")
    size: float | None = Field(title="Size (µm)", default=None)
    file: str | None = Field(default=None)
    views: Literal[1, 2] | None = None


@pytest.fixture
def number(qtbot):
    edit = NumberEdit(empty="not known")
    qtbot.addWidget(edit.native)
    return edit


@pytest.mark.parametrize(("typed", "value"), [("", None), ("1.5", 1.5), ("1,5", 1.5), ("1e", "1e"), ("-", "-")])
def test_a_number_is_read_as_typed_or_left_to_be_refused(number, typed, value):
    number.native.setText(typed)
    assert number.value == value


def test_no_number_shows_what_holds_then(number):
    number.value = 0.1
    number.value = None
    assert number.native.text() == ""
    assert number.native.placeholderText() == "not known"


def test_a_whole_number_stays_one(qtbot):
    edit = NumberEdit(kind=int)
    qtbot.addWidget(edit.native)
    edit.value = 4
    assert repr(edit.value) == "4"


def test_labels_are_titles_or_names_in_words():
    fields = Options.model_fields
    assert [label_of(name, field) for name, field in fields.items()] == ["Plain name", "Size (µm)", "File", "Views"]


def test_a_widget_has_the_bounds_and_the_description_of_its_field(qtbot):
    widget = widget_for("plain_name", Options.model_fields["plain_name"])
    qtbot.addWidget(widget.native)
    assert (widget.min, widget.tooltip) == (2, "What it does")


def test_the_digits_of_a_slider_take_little_room(qtbot):
    slider = Slider(value=0.5, min=0, max=1, step=0.01)
    qtbot.addWidget(slider.native)
    slider.native.resize(200, 24)
    slider.native.show()
    assert slider.native.findChild(QAbstractSpinBox).width() <= 40


def test_a_text_that_is_left_out_is_none(qtbot):
    widget = widget_for("file", Options.model_fields["file"])
    qtbot.addWidget(widget.native)
    assert widget.value is None
    widget.value = "mine.json"
    assert widget.value == "mine.json"
    widget.value = None
    assert widget.value is None


def test_a_choice_that_may_be_left_out_begins_with_none(qtbot):
    widget = widget_for("views", Options.model_fields["views"])
    qtbot.addWidget(widget.native)
    assert (widget.value, widget.choices) == (None, (None, 1, 2))
    assert widget.native.itemText(0) == "default"
