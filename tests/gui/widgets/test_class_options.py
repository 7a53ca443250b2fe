"""The form of a classification offers what can be asked of cells."""

import pytest

from napari_hemalens.gui.widgets.class_options import ClassificationForm

pytestmark = pytest.mark.window


@pytest.fixture
def form(qtbot):
    form = ClassificationForm()
    qtbot.addWidget(form)
    return form


def test_what_is_asked_of_whole_fields_is_not_offered(form):
    box = form.editors["task"].widget
    assert [box.itemData(k) for k in range(box.count())] == ["micronucleus", "all", "leukocyte"]


def test_a_file_of_weights_of_whole_fields_is_refused_in_a_sentence(form, qtbot, untrained_of_fields):
    before = form.editors["task"].read()
    with qtbot.waitSignal(form.refused) as refused:
        form.choose_file(untrained_of_fields.file)
    assert "untrained-of-fields name whole fields, not cells" in refused.args[0]
    assert form.editors["task"].read() == before
