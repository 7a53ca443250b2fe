"""The form of a detection and its recipe say the same."""

import pytest
from qtpy.QtWidgets import QFileDialog

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.gui.widgets import detection_form
from napari_hemalens.gui.widgets.detection_form import DetectionForm
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.workflows import cards

pytestmark = pytest.mark.window


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
    monkeypatch.setattr(detection_form.cards, "known_weights", lambda _: ("fake",))
    monkeypatch.setattr(detection_form.cards, "known_naming", lambda: ("namer",))
    monkeypatch.setattr(detection_form.cards, "detector_card", lambda _: card)
    namer = card.model_copy(update={"name": "namer", "licence": "CC BY-NC-SA 4.0"})
    monkeypatch.setattr(detection_form.cards, "classifier_card", lambda _: namer)
    return card


@pytest.fixture
def form(qtbot, card):
    form = DetectionForm()
    qtbot.addWidget(form)
    form.write(DetectionRecipe(weights="fake"))
    return form


def test_a_channel_is_asked_for_where_the_image_keeps_several_apart(form):
    form.offer_channels(("DAPI", "FITC", "TRITC"))
    assert form.options["channel"].native.isVisibleTo(form)
    form.options["channel"].value = 1
    assert form.read().channel == 1
    form.offer_channels(())
    assert form.read().channel is None
    assert not form.options["channel"].native.isVisibleTo(form)


def test_an_impossible_option_is_refused_in_a_sentence(form):
    form.options["pixel_size_um"].native.setText("99")
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
    assert form.slider.value == pytest.approx(0.43)
    assert form.read().score_threshold is None
    form.slider.value = 0.6
    assert form.read().score_threshold == 0.6


def test_weights_say_what_they_are(form):
    assert form.options["weights"].tooltip == "Finds nothing"


def test_a_score_that_is_set_exactly_is_not_told_back_rounded(form, qtbot):
    with qtbot.assertNotEmitted(form.scored):
        form.show_score(0.123456)


def test_devices_are_shown_in_words_and_the_choice_stays(form):
    form.show_devices([("cuda", "GPU: NVIDIA RTX A4000"), ("cpu", "CPU (8 cores)")])
    box = form.options["device"].native
    assert [box.itemText(i) for i in range(box.count())] == [
        "GPU: NVIDIA RTX A4000",
        "CPU (8 cores)",
    ]
    form.write(DetectionRecipe(weights="fake", device="cpu"))
    form.show_devices([("cpu", "CPU (8 cores)")])
    assert form.read().device == "cpu"


@pytest.mark.parametrize("typed", ["-", "1e", "0"])
def test_what_is_no_pixel_size_is_refused_in_a_sentence(form, typed):
    form.options["pixel_size_um"].native.setText(typed)
    with pytest.raises(RecipeError, match=f"Option 'pixel_size_um' got .*{typed}"):
        form.read()


def test_without_a_pixel_size_it_is_estimated(form):
    form.show_pixel_size(0.11)
    assert form.read().pixel_size_um == 0.11
    form.show_pixel_size(None)
    assert form.read().pixel_size_um is None
    assert "estimate" in form.options["pixel_size_um"].native.placeholderText()


def test_installed_weights_are_offered_and_say_their_licence(qtbot, installed_weights):
    packed = cards.detector_card("marrow-lite")
    own = packed.model_copy(update={"name": "mine", "description": "Mine", "licence": "CC BY-NC 4.0"})
    (installed_weights / "mine.json").write_text(own.model_dump_json(), encoding="utf-8")
    (installed_weights / "mine.safetensors").touch()
    form = DetectionForm()
    qtbot.addWidget(form)
    box = form.options["weights"]
    assert {"mine", "marrow-lite"} < set(box.choices)
    assert box.native.findText("mine (installed, non-commercial)") >= 0
    form.write(DetectionRecipe(weights="mine"))
    assert form.read().weights == "mine"
    assert box.tooltip == "Mine. Licence: non-commercial use only: CC BY-NC 4.0"


def test_a_file_that_was_filled_in_stays_offered(qtbot, installed_weights):
    form = DetectionForm()
    qtbot.addWidget(form)
    form.write(DetectionRecipe(weights="elsewhere/mine.json"))
    form.options["weights"].reset_choices()
    assert form.read().weights == "elsewhere/mine.json"


def test_the_weights_of_a_file_are_taken_with_their_score_or_refused(qtbot, monkeypatch, tmp_path, card_file):
    changes = {"name": "mine", "description": "Mine", "score_threshold": 0.61}
    own = cards.detector_card("marrow-lite").model_copy(update=changes)
    (tmp_path / "mine.json").write_text(own.model_dump_json(), encoding="utf-8")
    form, said = DetectionForm(), []
    qtbot.addWidget(form)
    form.refused.connect(said.append)
    box = form.options["weights"].native
    for answer in (card_file, tmp_path / "mine.json"):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, answer=answer: (str(answer), ""))
        box.setCurrentIndex(box.count() - 1)
    assert [each.split(";")[0] for each in said] == ["The weights fake do not detect cells", ""]
    assert (form.read().weights, box.currentText()) == (str(tmp_path / "mine.json"), "mine")
    assert form.slider.value == 0.61
    assert form.options["weights"].tooltip.startswith("Mine")


def test_what_is_counted_is_shown_without_being_told_back(form):
    told = []
    for name in ("tissue", "unsure", "tissue_prior"):
        form.options[name].changed.connect(told.append)
    form.show_counting("blood", "counted", prior=False)
    recipe = form.read()
    assert (recipe.tissue, recipe.unsure, recipe.tissue_prior) == ("blood", "counted", False)
    assert told == []


def test_what_names_cells_is_chosen_from_a_list(form, tmp_path):
    choice = form.options["naming"]
    assert choice.choices == (None, "none", "namer")
    assert "non-commercial" in choice.native.itemText(2)
    assert choice.value is None
    choice.value = "namer"
    assert form.read().naming == "namer"
    form.write(DetectionRecipe(weights="fake", naming=str(tmp_path / "mine.safetensors")))
    assert form.read().naming == str(tmp_path / "mine.safetensors")
