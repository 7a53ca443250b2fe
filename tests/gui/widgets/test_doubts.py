"""What speaks against a result stands out, and takes no room where there is nothing."""

import pytest

from napari_hemalens.gui.widgets.doubts import DOUBTFUL, doubts_label, show_doubts
from napari_hemalens.records.contrast import contrast

pytestmark = pytest.mark.window


def test_notes_stand_out_and_leave_with_the_last(qtbot):
    label = doubts_label()
    qtbot.addWidget(label)
    assert label.isHidden()
    show_doubts(label, ["Dark ground: choose others.", "Blurred."])
    assert label.text() == "Dark ground: choose others.\nBlurred."
    assert not label.isHidden()
    show_doubts(label, [])
    assert label.isHidden()


def test_black_letters_are_read_on_the_ground():
    assert contrast(DOUBTFUL, "#000000") >= 4.5
