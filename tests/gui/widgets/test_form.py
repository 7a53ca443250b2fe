"""A form and its recipe say the same."""

from typing import Literal

import pytest
from pydantic import Field
from qtpy.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox

from napari_hemalens.config.options import DetectionRecipe, NetworkRecipe, Recipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.gui.widgets import options
from napari_hemalens.gui.widgets.form import RecipeForm
from napari_hemalens.gui.widgets.options import DetectionForm
from napari_hemalens.models.weights import DetectorCard

pytestmark = pytest.mark.window


class Soup(Recipe):
    """A recipe with an option of every kind."""

    name: str = "borscht"
    spoons: int = Field(default=2, ge=1, description="How many")
    salt: float = 0.5
    pepper: float | None = None
    guests: int | None = None
    hot: bool = True
    bowl: Literal["deep", "flat"] = "deep"


@pytest.fixture
def soup(qtbot):
    form = RecipeForm(Soup, editors={}, first=("hot",), labels={"hot": "Served hot"})
    qtbot.addWidget(form)
    return form


@pytest.fixture
def card(monkeypatch):
    """Weights called 'fake', with a score of their own."""
    card = DetectorCard(
        name="fake",
        description="Finds nothing",
        network=NetworkRecipe(),
        classes=("lymphocyte",),
        mean=(0, 0, 0),
        std=(1, 1, 1),
        score_threshold=0.43,
        metrics={},
        data="",
        licence="",
        training={},
        sha256="",
    )
    monkeypatch.setattr(options.weights, "known", lambda _: ("fake",))
    monkeypatch.setattr(options.weights, "row", lambda _: card)
    return card


@pytest.fixture
def form(qtbot, card):
    form = DetectionForm()
    qtbot.addWidget(form)
    form.write(DetectionRecipe(weights="fake"))
    return form


@pytest.mark.parametrize(
    "recipe",
    [Soup(), Soup(name="miso", spoons=7, salt=0.25, pepper=1.5, guests=4, hot=False, bowl="flat"), Soup(pepper=0)],
)
def test_a_recipe_comes_back_from_the_form(soup, recipe):
    soup.write(recipe)
    assert soup.read() == recipe


def test_every_kind_of_option_has_a_fitting_widget_with_its_description(soup):
    kinds = {name: type(editor.widget) for name, editor in soup.editors.items()}
    assert kinds == {
        "name": QLineEdit,
        "spoons": QSpinBox,
        "salt": QLineEdit,
        "pepper": QLineEdit,
        "guests": QLineEdit,
        "hot": QCheckBox,
        "bowl": QComboBox,
    }
    assert soup.editors["spoons"].widget.toolTip() == "How many"
    assert soup.editors["spoons"].widget.minimum() == 1


def test_options_that_are_not_first_are_folded_away(soup):
    assert (soup.main.rowCount(), soup.more.rowCount()) == (1, 6)
    assert soup.main.itemAt(0).widget().text() == "Served hot"


def test_every_change_is_told(soup, qtbot):
    with qtbot.waitSignal(soup.changed):
        soup.editors["hot"].widget.click()


def test_a_number_may_be_typed_with_a_comma(soup):
    soup.editors["pepper"].widget.setText("1,5")
    assert soup.read().pepper == 1.5


def test_a_number_that_is_missing_is_asked_for_in_a_sentence(soup):
    soup.editors["salt"].widget.clear()
    with pytest.raises(RecipeError, match="'salt' got None"):
        soup.read()


def test_an_impossible_option_is_refused_in_a_sentence(form):
    form.editors["pixel_size_um"].widget.setText("99")
    with pytest.raises(RecipeError, match="'pixel_size_um' got 99"):
        form.read()


@pytest.mark.parametrize(
    "recipe",
    [
        DetectionRecipe(weights="fake"),
        DetectionRecipe(
            weights="fake", pixel_size_um=0.11, score_threshold=0.7, tile=512, overlap=64, batch=1, tissue="blood"
        ),
        DetectionRecipe(weights="fake", skip_background=False, nms_iou=0.3, precision="half"),
    ],
)
def test_a_detection_recipe_comes_back_from_its_form(form, recipe):
    form.write(recipe)
    assert form.read() == recipe


def test_the_score_of_the_weights_is_left_to_the_weights(form, card):
    assert form.slider.value() == pytest.approx(0.43)
    assert form.read().score_threshold is None
    form.slider.setValue(0.6)
    assert form.read().score_threshold == 0.6


def test_weights_say_what_they_are(form):
    assert form.editors["weights"].widget.toolTip() == "Finds nothing"


def test_a_score_that_is_set_exactly_is_not_told_back_rounded(form, qtbot):
    with qtbot.assertNotEmitted(form.scored):
        form.show_score(0.123456)


def test_devices_are_shown_in_words_and_the_choice_stays(form):
    form.show_devices([("cuda", "GPU: NVIDIA RTX A4000"), ("cpu", "CPU (8 cores)")])
    box = form.editors["device"].widget
    assert [box.itemText(i) for i in range(box.count())] == [
        "GPU: NVIDIA RTX A4000",
        "CPU (8 cores)",
    ]
    form.write(DetectionRecipe(weights="fake", device="cpu"))
    form.show_devices([("cpu", "CPU (8 cores)")])
    assert form.read().device == "cpu"


@pytest.mark.parametrize("typed", ["-", "1e", "0"])
def test_what_is_no_pixel_size_is_refused_in_a_sentence(form, typed):
    form.editors["pixel_size_um"].widget.setText(typed)
    with pytest.raises(RecipeError, match=f"Option 'pixel_size_um' got .*{typed}"):
        form.read()


def test_without_a_pixel_size_it_is_estimated(form):
    form.show_pixel_size(0.11)
    assert form.read().pixel_size_um == 0.11
    form.show_pixel_size(None)
    assert form.read().pixel_size_um is None
    assert "estimate" in form.editors["pixel_size_um"].widget.placeholderText()
