"""A form and its recipe say the same."""

from typing import Literal

import pytest
from magicgui.widgets import CheckBox, LineEdit, SpinBox
from napari.qt import get_stylesheet
from pydantic import Field

from napari_hemalens.config.recipe import Recipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.classification_form import ClassificationForm
from napari_hemalens.gui.widgets.detection_form import DetectionForm
from napari_hemalens.gui.widgets.explanation_form import ExplanationForm
from napari_hemalens.gui.widgets.fields import NumberEdit
from napari_hemalens.gui.widgets.form import RecipeForm, SizedForm

pytestmark = pytest.mark.window


class Soup(Recipe):
    """A recipe with an option of every kind."""

    name: str = "borscht"
    spoons: int = Field(default=2, ge=1, description="How many")
    salt: float = 0.5
    pepper: float | None = None
    guests: int | None = None
    hot: bool = Field(title="Served hot", default=True)
    bowl: Literal["deep", "flat"] = "deep"


@pytest.fixture
def soup(qtbot):
    form = RecipeForm(Soup, ("hot",), {})
    qtbot.addWidget(form)
    return form


@pytest.mark.parametrize(
    "recipe",
    [Soup(), Soup(name="miso", spoons=7, salt=0.25, pepper=1.5, guests=4, hot=False, bowl="flat"), Soup(pepper=0)],
)
def test_a_recipe_comes_back_from_the_form(soup, recipe):
    soup.write(recipe)
    assert soup.read() == recipe


def test_every_kind_of_option_has_a_fitting_widget_with_its_description(soup):
    kinds = {name: type(widget) for name, widget in soup.options.items()}
    assert kinds == {
        "name": LineEdit,
        "spoons": SpinBox,
        "salt": NumberEdit,
        "pepper": NumberEdit,
        "guests": NumberEdit,
        "hot": CheckBox,
        "bowl": Choice,
    }
    assert soup.options["spoons"].tooltip == "How many"
    assert soup.options["spoons"].min == 1


def test_options_that_are_not_first_are_folded_away(soup):
    assert (len(soup.main), len(soup.more)) == (1, 6)
    assert soup.main[0][0].value == "Served hot"


def test_every_change_is_told(soup, qtbot):
    with qtbot.waitSignal(soup.changed):
        soup.options["hot"].native.click()


def test_a_number_may_be_typed_with_a_comma(soup):
    soup.options["pepper"].native.setText("1,5")
    assert soup.read().pepper == 1.5


def test_a_number_that_is_missing_is_asked_for_in_a_sentence(soup):
    soup.options["salt"].native.clear()
    with pytest.raises(RecipeError, match="'salt' got None"):
        soup.read()


class Sized(Recipe):
    """A recipe with a pixel size."""

    pixel_size_um: float | None = None
    salt: float = 0.5


class Kept(Choice):
    kept = False

    def keep(self):
        self.kept = True


def test_the_pixel_size_of_an_image_goes_for_no_other_but_a_typed_one_does(qtbot):
    form = SizedForm(Sized, ("pixel_size_um",), {"pixel_size_um": NumberEdit()})
    qtbot.addWidget(form)
    assert form.read_for_others() == Sized()
    with qtbot.waitSignal(form.changed):
        form.show_pixel_size(0.1234567)
    assert form.read().pixel_size_um == 0.123457
    assert form.read_for_others() == Sized()
    form.options["pixel_size_um"].native.setText("0.2")
    assert form.read_for_others() == Sized(pixel_size_um=0.2)
    form.show_pixel_size(None)
    assert form.read() == form.read_for_others() == Sized()


def test_only_a_pixel_size_that_is_filled_in_keeps_the_image_chosen(qtbot):
    form, images = SizedForm(Sized, ("pixel_size_um",), {"pixel_size_um": NumberEdit()}), Kept()
    qtbot.addWidget(form)
    form.keep_when_typed(images)
    form.show_pixel_size(0.1)
    form.write(Sized(salt=1))
    assert (form.read(), images.kept) == (Sized(salt=1), False)
    form.write(Sized(pixel_size_um=0.2))
    assert (form.read(), images.kept) == (Sized(pixel_size_um=0.2), True)


@pytest.mark.parametrize("form", [ClassificationForm, DetectionForm, ExplanationForm])
def test_no_label_is_longer_than_there_is_room_for(qtbot, form):
    made = form()
    qtbot.addWidget(made)
    made.setStyleSheet(get_stylesheet("dark"))
    labels = [row[0].native for rows in (made.main, made.more) for row in rows]
    for label in labels:
        label.ensurePolished()
    assert [label.text() for label in labels if label.sizeHint().width() > label.maximumWidth()] == []
