"""A dock offers weights that are not here, asks for consent, fetches them and then chooses them."""

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QMessageBox

from napari_hemalens import workflows
from napari_hemalens.gui.widgets import fetching
from napari_hemalens.gui.widgets.classification_form import ClassificationForm
from napari_hemalens.gui.widgets.detection_form import DetectionForm
from napari_hemalens.gui.widgets.explanation_form import ExplanationForm
from napari_hemalens.models import weights

pytestmark = pytest.mark.window


@pytest.fixture
def catalogued(untrained, untrained_classifier, weights_server, tmp_path, monkeypatch):
    """A catalogue of a detector and a classifier on a server."""
    cards = (untrained.file, untrained_classifier.file)
    workflows.write_catalogue(cards, tmp_path / "list.json", where=[f"{weights_server.address}/"])
    monkeypatch.setenv("HEMALENS_CATALOGUE", str(tmp_path / "list.json"))


@pytest.fixture
def bar_of(viewer, qtbot, catalogued):
    """Return the bar below a form, once it knows what there is."""

    def bar_of(form):
        qtbot.addWidget(form)
        bar = fetching.FetchBar(viewer, form)
        qtbot.addWidget(bar)
        qtbot.waitUntil(lambda: len(bar.session.offered) == 2, timeout=30_000)
        return bar

    return bar_of


def choose(form, name):
    box = form.options["weights"].native
    (row,) = [row for row in range(box.count()) if box.itemText(row).startswith(f"{name} (to fetch, ")]
    box.setCurrentIndex(row)


def answer(text, seen):
    def press():
        (asked,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, QMessageBox)]
        seen.append(f"{asked.text()} {asked.informativeText()}")
        next(button for button in asked.buttons() if text in button.text()).click()

    QTimer.singleShot(100, press)


@pytest.mark.parametrize(("make", "name"), [(DetectionForm, "untrained"), (ClassificationForm, "untrained-classifier")])
def test_weights_are_fetched_after_consent_and_chosen_then(bar_of, qtbot, make, name):
    form = make()
    if make is ClassificationForm:
        form.options["task"].value = "micronucleus"
    bar = bar_of(form)
    before, seen = form.options["weights"].value, []
    assert bar.isHidden()
    answer("Cancel", seen)
    choose(form, name)
    assert bar.isHidden()
    assert not bar.session.running
    answer("Agree", seen)
    choose(form, name)
    assert f"{name} is not on this computer." in seen[0]
    assert "Licence: not stated" in seen[0]
    assert form.options["weights"].value == before
    qtbot.waitUntil(lambda: not bar.session.running, timeout=60_000)
    assert form.options["weights"].value == name
    assert bar.words.text() == f"{name} is installed."
    assert bar.stop.isHidden()
    assert weights.installed() == (name,)


def test_a_fetch_elsewhere_is_offered_here_and_chosen_there_alone(bar_of, qtbot, monkeypatch):
    monkeypatch.setattr(fetching, "ask_to_fetch", lambda *_: True)
    here, there = DetectionForm(), DetectionForm()
    bars = bar_of(here), bar_of(there)
    choose(here, "untrained")
    qtbot.waitUntil(lambda: not bars[0].session.running, timeout=60_000)
    assert (here.options["weights"].value, there.options["weights"].value) == ("untrained", "marrow-lite")
    there.options["weights"].value = "untrained"
    assert bars[1].isHidden()


def test_attention_offers_no_detectors_whose_card_is_not_here(bar_of):
    form = ExplanationForm()
    form.options["task"].value = "detection"
    bar_of(form)
    assert not any("to fetch" in label for label in labels(form))
    form.options["task"].value = "micronucleus"
    assert any(label.startswith("untrained-classifier (to fetch") for label in labels(form))


def labels(form):
    box = form.options["weights"].native
    return [box.itemText(row) for row in range(box.count())]
