"""Images that failed are listed, each with a sentence, for as long as they matter."""

import pytest

from napari_hemalens.gui.widgets.failures import FailureList

pytestmark = pytest.mark.window


def test_each_image_has_its_sentence_and_without_any_there_is_no_list(qtbot):
    failed = FailureList()
    qtbot.addWidget(failed)
    assert failed.isHidden()
    failed.show_failures({"a": "a.png: Cannot read a.png.", "b": "b.png: Cannot read b.png."})
    assert failed.count.text() == "2 images failed:"
    assert failed.list.toPlainText().splitlines() == ["a.png: Cannot read a.png.", "b.png: Cannot read b.png."]
    assert not failed.isHidden()
    failed.show_failures({"a": "a.png: Cannot read a.png."})
    assert failed.count.text() == "1 image failed:"
    failed.show_failures({})
    assert failed.isHidden()


def test_what_is_no_image_is_not_called_so(qtbot):
    failed = FailureList(of_images=False)
    qtbot.addWidget(failed)
    failed.show_failures({"classify-1": "classify-1: No weights are packed for the task plasma."})
    assert failed.count.text() == "1 failure:"


def test_one_sentence_with_a_path_is_read_without_scrolling(qtbot):
    failed = FailureList()
    qtbot.addWidget(failed)
    sentence = "broken.png: Cannot read /data/smears/broken.png: it is no image, or of a kind that is not known."
    failed.show_failures({"a": sentence})
    failed.resize(int(0.45 * failed.list.fontMetrics().horizontalAdvance(sentence)), 300)
    failed.show()
    assert failed.list.document().size().height() == 3  # lines
    assert failed.list.verticalScrollBar().maximum() == 0


def test_a_long_list_scrolls(qtbot):
    failed = FailureList()
    qtbot.addWidget(failed)
    heights = []
    for number in (1, 2, 100):
        failed.show_failures({str(k): f"{k}.png: Cannot read {k}.png." for k in range(number)})
        heights.append(failed.list.height())
    assert heights[0] < heights[1] < heights[2] < 200
