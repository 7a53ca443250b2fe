"""What a person says for the report is told, and what was said of a result is shown without telling."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_hemalens.gui.classify.state import PAIRS, ClassificationState
from napari_hemalens.gui.widgets.class_report import CountedChoice, ReportForm
from napari_hemalens.records.tasks import task
from napari_hemalens.reports.design import Sample

pytestmark = pytest.mark.window


def state(name="nuclei", asked="micronucleus"):
    labels = Labels(np.ones((8, 8), int), name=name)
    image = Image(np.zeros((8, 8)))
    return ClassificationState(image, labels, (), parted=False, task=task(asked), layer=Labels(labels.data, name=name))


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def form(qtbot, viewer):
    form = ReportForm(viewer)
    qtbot.addWidget(form)
    return form


@pytest.fixture
def counted(qtbot):
    counted = CountedChoice()
    qtbot.addWidget(counted)
    return counted


def heard(signal):
    told = []
    signal.connect(lambda *news: told.append(news))
    return told


def test_a_choice_of_results_is_shown_only_where_there_are_several(counted):
    first, second = state("first"), state("second")
    counted.show_results([first], first, pooled=False)
    assert counted.isHidden()
    counted.show_results([first, second], second, pooled=False)
    assert not counted.isHidden()
    assert counted.box.value is second


def test_one_result_or_all_of_them_can_be_counted(counted):
    first, second = state("first"), state("second")
    told = heard(counted.chosen)
    counted.show_results([first, second], first, pooled=True)
    assert told == []
    counted.box.value = second
    counted.box.value = counted.box.choices[-1]
    assert told == [(second,), (None,)]


def test_the_sample_of_a_result_is_shown_and_what_is_typed_is_told(form):
    told = heard(form.described)
    shown = state()
    shown.sample = Sample("A", "0.1 µg/ml")
    form.show_case(shown, alone=True)
    assert (form.replicate.value, form.concentration.value) == ("A", "0.1 µg/ml")
    form.replicate.value = "B"
    assert told == []
    form.replicate.native.editingFinished.emit()
    assert told == [("B", "0.1 µg/ml")]


def test_only_a_single_image_can_be_described(form):
    form.show_case(state(), alone=False)
    assert not form.replicate.enabled
    form.show_case(state(), alone=True)
    assert form.replicate.enabled


def test_cells_come_from_pairs_or_from_labels_other_than_the_nuclei(form, viewer):
    shown = state()
    viewer.add_layer(shown.source)
    cells = viewer.add_labels(np.ones((8, 8), int), name="cells")
    told = heard(form.cells_chosen)
    form.show_case(shown, alone=True)
    assert form.by.choices == (None, PAIRS, cells)
    assert told == []
    form.by.value = cells
    assert told == [(cells,)]


def test_what_makes_cells_is_asked_for_micronuclei_alone(form):
    form.expand(animate=False)
    form.show()
    form.show_case(state(), alone=True)
    assert form.by.native.isVisible()
    form.show_case(state(asked="leukocyte"), alone=True)
    assert not form.by.native.isVisible()


def test_two_groups_are_compared_and_the_outcome_is_shown(form):
    told = heard(form.compared)
    form.show_comparison(("0", "1", "10"), ("0", "1"), "No difference.")
    assert (form.first.value, form.second.value) == ("0", "1")
    assert form.sentence.text() == "No difference."
    assert told == []
    form.second.value = "10"
    assert told == [("0", "10")]
