"""Whatever a person acts on in a dock has a name and a tooltip, and Tab comes to it in the order of reading."""

import itertools

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_hemalens.gui import viewer_session
from napari_hemalens.gui.widgets import attention, classify, detect, project_choice, teach
from napari_hemalens.gui.widgets.accessible import describe, interactive, name_of, order_tabs
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.fields import Slider
from napari_hemalens.gui.widgets.project_choice import ASK

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
