"""What is shown of explained cells: how heat lies on the image, one cell with its bars, and a gallery."""

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_hemalens.gui.explain.layers import Blend
from napari_hemalens.gui.widgets.attention_view import Bars, BlendBar, CellView, GalleryView

pytestmark = pytest.mark.window
TITLES = ("Attention, layer 5",)


@pytest.fixture
def results(explaining, viewer, nuclei, runner, asking):
    """Four cells that one method explains."""
    explaining.start_run(viewer.layers["smear"], nuclei, asking)
    runner.run()
    return explaining.extremes(2)[0]


@pytest.fixture
def shown(qtbot):
    """Shows a widget, and returns it."""

    def show(widget):
        qtbot.addWidget(widget)
        widget.show()
        return widget

    return show


def heard(signal):
    told = []
    signal.connect(lambda *news: told.append(news))
    return told


def test_methods_are_offered_by_title_without_telling_of_a_choice(shown):
    bar = shown(BlendBar())
    told = heard(bar.shown)
    bar.show_methods((("Grad-CAM", "grad-cam"), ("Saliency", "saliency")), "saliency")
    assert bar.methods.choices == ("grad-cam", "saliency")
    assert bar.methods.value == "saliency"
    assert told == []
    bar.methods.value = "grad-cam"
    assert told == [("grad-cam",)]


def test_opacity_and_overlay_are_told_together(shown):
    bar = shown(BlendBar())
    told = heard(bar.blended)
    assert bar.blend() == Blend()
    bar.slider.value = 0.25
    bar.overlay.value = True
    assert told == [(Blend(0.25, False),), (Blend(0.25, True),)]


def test_each_class_has_a_bar_as_long_as_its_probability(shown):
    bars = shown(Bars())
    bars.show_shares(("micronucleus", "none"), (0.874, 0.126))
    assert [bar.value() for bar in bars.bars] == [874, 126]
    assert [share.text() for share in bars.shares] == ["0.87", "0.13"]


def test_bars_stay_for_the_same_classes_and_go_for_others(shown):
    bars = shown(Bars())
    bars.show_shares(("micronucleus", "none"), (0.9, 0.1))
    before = bars.bars
    bars.show_shares(("micronucleus", "none"), (0.2, 0.8))
    assert bars.bars is before
    assert [bar.value() for bar in before] == [200, 800]
    bars.show_shares(("blast", "normal", "other"), (0.5, 0.3, 0.2))
    assert [bar.value() for bar in bars.bars] == [500, 300, 200]
    assert not any(bar.isVisible() for bar in before)  # over those that took their place


def test_without_a_cell_it_is_said_how_to_choose_one(shown):
    view = shown(CellView())
    view.show_cell([], TITLES)
    assert view.words.text().startswith("Click a cell")
    assert not view.picture.isVisible()
    assert not view.bars.isVisible()


def test_a_cell_is_shown_with_its_name_its_picture_and_its_bars(shown, results):
    view = shown(CellView())
    view.show_cell(results, TITLES)
    assert view.words.text() == "Cell 4: micronucleus. Explained: micronucleus."
    assert not view.picture.pixmap().isNull()
    assert [bar.value() for bar in view.bars.bars] == [round(1000 * p) for p in results[0].cells.probabilities[0]]
    view.show_cell(results, TITLES, field=True)
    assert view.words.text().startswith("The field: micronucleus.")


def test_a_click_on_a_cell_of_the_gallery_chooses_it(shown, results):
    view = shown(GalleryView())
    view.expand(animate=False)
    view.show_cells(results, TITLES)
    told = heard(view.chosen)
    view.picture.adjustSize()
    for y in range(0, view.picture.height(), 20):
        for x in range(0, view.picture.width(), 20):
            click(view.picture, x, y)
    first_to_last = [*dict.fromkeys(number for (number,) in told)]
    assert set(first_to_last[:2]) == {4, 7}  # the most certain are above the least certain
    assert set(first_to_last[2:]) == {9, 70_000}


def click(picture, x, y):
    QTest.mouseClick(picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(x, y))


def test_a_gallery_without_cells_has_no_picture_to_save(shown, results):
    view = shown(GalleryView())
    view.show_cells([], TITLES)
    assert not view.save.isEnabled()
    view.show_cells(results, TITLES)
    assert view.save.isEnabled()


def test_cells_are_asked_for_when_it_opens_and_for_another_number(shown):
    view = shown(GalleryView())
    told = heard(view.asked)
    view.expand(animate=False)
    view.number.value = 3
    assert len(told) == 2


@pytest.mark.parametrize(
    ("answer", "saved"),
    [("", []), ("/a/cells", [("/a/cells.png", 6)]), ("/a/cells.PNG", [("/a/cells.PNG", 6)])],
)
def test_a_picture_is_saved_under_the_name_that_is_given(shown, results, monkeypatch, answer, saved):
    view = shown(GalleryView())
    view.show_cells(results, TITLES)
    told = heard(view.saved)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (answer, ""))
    view.save.click()
    assert told == saved
