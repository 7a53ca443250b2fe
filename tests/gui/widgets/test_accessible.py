"""What a person acts on has a name, a tooltip and its place in the order of Tab, and text is read in both themes."""

import itertools
from collections import Counter

import pytest
from napari.qt import get_stylesheet
from napari.utils.theme import get_theme
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import (
    QApplication,
    QDockWidget,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QTableWidget,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.widgets import attention, classify, detect, project_choice, teach
from napari_hemalens.gui.widgets.accessible import describe, interactive, name_of, order_tabs
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.fields import Slider
from napari_hemalens.gui.widgets.gallery_grid import CellsGrid
from napari_hemalens.gui.widgets.loss_plot import LossPlot
from napari_hemalens.gui.widgets.project_choice import ASK
from napari_hemalens.gui.widgets.teach_curve import CurvePlot
from napari_hemalens.records.contrast import READABLE, contrast, ink_on

pytestmark = pytest.mark.window


def tab_order(root):
    """Return what Tab goes through in a widget."""
    order, at = [], root.nextInFocusChain()
    while at is not root:
        if root.isAncestorOf(at) and at.isVisibleTo(root) and at.focusPolicy() & Qt.FocusPolicy.TabFocus:
            order.append(at)
        at = at.nextInFocusChain()
    return order


def tip_of(widget, root):
    """Return the tooltip that is seen: a widget without one shows that of what it lies in."""
    while not widget.toolTip() and widget is not root:
        widget = widget.parentWidget()
    return widget.toolTip()


def reads_on(before, after, root):
    """Return whether a widget comes after another: further down, or further right in the same row."""
    first, second = (QPoint(each.mapTo(root, QPoint(0, 0))) for each in (before, after))
    below = second.y() >= first.y() + before.height() - 2
    return below or (second.x() >= first.x() and second.y() + after.height() > first.y())


def words(widget):
    return f"{type(widget).__name__} {name_of(widget)!r} in {type(widget.parentWidget()).__name__}"


@pytest.fixture(params=["detect", "classify", "attention", "teach"])
def dock(request, qtbot, viewer, runner, nuclei, monkeypatch, tmp_path):
    """A dock with all that it ever shows."""
    monkeypatch.setattr(viewer_session, "_devices", lambda: (yield (("cpu", "CPU"),)))
    for module in (detect, classify, attention, teach, project_choice):
        monkeypatch.setattr(module, "QtRunner", lambda _: runner)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "p"))
    kinds = {"detect": "DetectWidget", "classify": "ClassifyWidget", "attention": "AttentionWidget"}
    module = {"detect": detect, "classify": classify, "attention": attention, "teach": teach}[request.param]
    made = getattr(module, kinds.get(request.param, "TeachWidget"))(viewer)
    qtbot.addWidget(made)
    if request.param == "teach":
        made.project.choice.box.value = ASK
        for name in ("dark", "bright"):
            made.session.change_classes(lambda project, name=name: project.add_class(name))
        made.cell.show_classes(made.session.project.classes, {})
    for part in made.findChildren(QWidget):
        if part.parentWidget() is not None and part.isHidden() and not part.isWindow():
            part.setVisible(True)
    for part in made.findChildren(QCollapsible):
        part.expand(animate=False)
    made.resize(400, 2600)
    made.show()
    for _ in range(3):
        QApplication.processEvents()
    return made


def test_every_widget_of_a_dock_is_named_explained_and_reached_in_order(dock):
    acted_on, content = interactive(dock), dock.widget()
    assert len(acted_on) > 10
    assert [words(each) for each in acted_on if not name_of(each)] == []
    assert [words(each) for each in acted_on if not tip_of(each, dock)] == []
    below_canvas = [] if content.isAncestorOf(dock.gallery) else [dock.gallery]
    for root in (content, *below_canvas):
        reached = tab_order(root)
        parts = [each for each in interactive(root) if each not in reached]
        assert [words(each) for each in parts if not any(each.isAncestorOf(at) for at in reached)] == []
        pairs = itertools.pairwise(reached)
        assert [(words(a), words(b)) for a, b in pairs if not reads_on(a, b, root)] == []


def blended(ink, ground):
    """Return what is seen of an ink that is not opaque: '#rrggbb'."""
    channels = zip(ink.getRgbF()[:3], ground.getRgbF()[:3], strict=True)
    return QColor.fromRgbF(*(over * ink.alphaF() + below * (1 - ink.alphaF()) for over, below in channels)).name()


def unread(widget, role, drawn):
    """Return in words what cannot be read on the ground that most of it has in a picture of the window; '' for nothing.

    What is not drawn, since something else lies over it, is left out.
    """
    place = widget.mapTo(widget.window(), QPoint(0, 0))
    across, down = range(place.x(), place.x() + widget.width(), 3), range(place.y(), place.y() + widget.height(), 3)
    inside = [at for at in itertools.product(across, down) if drawn.valid(*at)]
    colours = Counter(drawn.pixelColor(*at).name() for at in inside)
    colour = widget.palette().color(role)
    ground = colours.most_common(1)[0][0] if colours else ink_on(colour.name())
    ink = blended(colour, QColor(ground))
    return "" if contrast(ink, ground) >= READABLE else f"{words(widget)}: {ink} on {ground}"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_text_of_a_dock_is_read_in_both_themes(dock, theme, qtbot):
    window, frame = QMainWindow(), QDockWidget()
    qtbot.addWidget(window)
    window.setStyleSheet(get_stylesheet(theme))
    frame.setWidget(dock)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, frame)
    window.resize(900, 2600)
    window.show()
    QApplication.processEvents()
    drawn = window.grab().toImage()
    assert drawn.pixelColor(2, 2).name() == get_theme(theme).background.as_hex(format="long")
    labels = [each for each in dock.findChildren(QLabel) if each.text() and each.isEnabled()]
    assert len(labels) > 5
    found = [unread(label, label.foregroundRole(), drawn) for label in labels]
    views = [each for kind in (CurvePlot, LossPlot, CellsGrid, QTableWidget) for each in dock.findChildren(kind)]
    found += [unread(each, QPalette.ColorRole.Text, drawn) for each in views]
    empty = [each for each in dock.findChildren(QLineEdit) if each.placeholderText() and not each.text()]
    found += [unread(each, QPalette.ColorRole.PlaceholderText, drawn) for each in empty if each.isEnabled()]
    dock.setParent(None)  # it goes by itself
    assert [each for each in found if each] == []


def test_a_field_is_called_after_its_label_and_shares_its_tooltip(qtbot):
    slider, choice = Slider(tooltip="How much"), Choice([("a", 1)])
    for field, name in ((slider, "Opacity"), (choice, "Image")):
        qtbot.addWidget(field.native)
        describe(field.native, name)
    assert {(name_of(each), each.toolTip()) for each in interactive(slider.native)} == {("Opacity", "How much")}
    assert [name_of(each) for each in interactive(choice.native)] == ["Image"]


def test_several_fields_of_a_row_are_told_apart_by_what_stands_in_them(qtbot):
    line, pressed = QLineEdit(), QPushButton("Add")
    for widget in (line, pressed):
        qtbot.addWidget(widget)
        line.setPlaceholderText("from")
        describe(widget, "Size")
    assert (name_of(line), name_of(pressed)) == ("Size, from", "Add")


def test_tab_goes_along_rows_and_down_whatever_was_made_first(qtbot):
    root = QWidget()
    qtbot.addWidget(root)
    made = [QPushButton(str(number), root) for number in range(4)]
    column, row = QVBoxLayout(root), QHBoxLayout()
    column.addWidget(made[3])
    column.addLayout(row)
    row.addWidget(made[2])
    row.addWidget(made[0])
    column.addWidget(made[1])
    order_tabs(root)
    root.show()
    assert [each.text() for each in tab_order(root)] == ["3", "2", "0", "1"]
