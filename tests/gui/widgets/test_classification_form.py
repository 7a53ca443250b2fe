"""The form of a classification offers what can be asked of cells."""

import pytest
from qtpy.QtWidgets import QFileDialog

from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.gui.widgets.classification_form import ClassificationForm, SegmentationForm

pytestmark = pytest.mark.window


@pytest.fixture
def form(qtbot):
    form = ClassificationForm()
    qtbot.addWidget(form)
    return form


def test_what_is_asked_of_whole_fields_is_not_offered(form):
    assert form.options["task"].choices == ("micronucleus", "all", "leukocyte", "nucleated", "plasma", "own")


def test_a_file_of_weights_of_whole_fields_is_refused_in_a_sentence(form, qtbot, untrained_of_fields):
    before = form.options["task"].value
    with qtbot.waitSignal(form.refused) as refused:
        form.choose_file(untrained_of_fields.file)
    assert "untrained-of-fields classify whole fields, not cells" in refused.args[0]
    assert form.options["task"].value == before


@pytest.mark.parametrize(
    "recipe",
    [
        ClassificationRecipe(task="leukocyte", weights="leukocyte-types"),
        ClassificationRecipe(task="all", weights="all-eca", pixel_size_um=0.2, device="cpu"),
    ],
)
def test_a_classification_recipe_comes_back_from_its_form(form, recipe):
    form.write(recipe)
    assert form.read() == recipe


def test_without_weights_those_of_the_task_are_taken(form):
    form.write(ClassificationRecipe(task="leukocyte"))
    assert form.read().weights == "leukocyte-types"


@pytest.mark.parametrize(
    "recipe",
    [
        SegmentationRecipe(),
        SegmentationRecipe(
            kind="smear", pixel_size_um=0.2, smallest_um=5, largest_um=30, smoothing=2, threshold=1.5, split=0.4
        ),
    ],
)
def test_a_segmentation_recipe_comes_back_from_its_form(qtbot, recipe):
    made = SegmentationForm()
    qtbot.addWidget(made)
    made.form.write(recipe)
    assert made.read(recipe.pixel_size_um) == recipe


def test_a_file_of_weights_is_asked_for_and_may_be_refused(form, monkeypatch, card_file):
    weights, before = form.options["weights"], form.options["weights"].value
    for answer, chosen in (("", before), (str(card_file), str(card_file))):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, answer=answer: (answer, ""))
        weights.value = weights.choices[-1]
        assert weights.value == chosen
