"""The form of an explanation and its recipe say the same; which methods are ticked when other weights are chosen."""

import pytest
from qtpy.QtWidgets import QFileDialog

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.gui.widgets.explanation_form import ExplanationForm, MethodList
from napari_hemalens.models import weights

pytestmark = pytest.mark.window


@pytest.fixture
def methods(qtbot):
    made = MethodList()
    qtbot.addWidget(made.native)
    made.offer(weights.classifier_card("micronucleus-attention"))
    return made


def test_the_best_method_of_other_weights_replaces_the_best_before(methods):
    assert methods.chosen() == ("guided-grad-cam",)
    methods.offer(weights.classifier_card("leukocyte-types"))  # which know that method, too
    assert methods.chosen() == ("grad-cam-middle",)


def test_what_a_person_has_ticked_stays_ticked(methods):
    methods.tick(("guided-grad-cam", "saliency"))
    methods.offer(weights.classifier_card("leukocyte-types"))
    assert set(methods.chosen()) == {"guided-grad-cam", "saliency"}


@pytest.mark.parametrize(
    "recipe",
    [
        ExplanationRecipe(task="micronucleus", weights="micronucleus-attention"),
        ExplanationRecipe(
            task="leukocyte",
            weights="leukocyte-types",
            method="saliency",
            target="monocyte",
            smoothing=1.5,
            pixel_size_um=0.2,
            device="cpu",
        ),
    ],
)
def test_an_explanation_recipe_comes_back_from_its_form(qtbot, recipe):
    form = ExplanationForm()
    qtbot.addWidget(form)
    form.write(recipe)
    assert form.read() == recipe


def test_the_label_of_the_methods_is_beside_the_top_of_their_list(qtbot):
    form = ExplanationForm()
    qtbot.addWidget(form)
    form.show()
    row = next(row for row in form.main if form.methods in row)
    assert row[0].native.geometry().bottom() < form.methods.native.geometry().center().y()


def test_the_weights_of_a_file_are_taken_with_their_task(qtbot, monkeypatch, card_file):
    form = ExplanationForm()
    qtbot.addWidget(form)
    form.options["task"].value = "leukocyte"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(card_file), ""))
    box = form.options["weights"].native
    box.setCurrentIndex(box.count() - 1)
    assert (form.options["task"].value, form.options["weights"].value) == ("micronucleus", str(card_file))
    assert form.methods.chosen() == ("layer-5",)


def test_the_tooltip_of_a_method_begins_with_its_whole_title(qtbot):
    form = ExplanationForm()
    qtbot.addWidget(form)
    items = [form.methods.list.item(row) for row in range(form.methods.list.count())]
    assert items
    assert all(item.toolTip().startswith(item.text().removesuffix(" (best)") + ". ") for item in items)
