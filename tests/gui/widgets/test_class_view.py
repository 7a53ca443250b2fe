"""The legend shows the counts and shares of classes; figures come as labels with their values."""

import pytest
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_hemalens.gui.widgets.class_view import ClassView

pytestmark = pytest.mark.window


@pytest.fixture
def view(qtbot):
    view = ClassView()
    qtbot.addWidget(view)
    return view


def texts(view):
    legend = view.legend
    return [[legend.item(row, column).text() for column in range(3)] for row in range(legend.rowCount())]


def test_each_class_has_its_count_and_its_share(view):
    view.show_counts({"band_neutrophil": 3000, "lymphocyte": 1000, "monocyte": 0})
    assert texts(view) == [
        ["band neutrophil", "3,000", "75.0"],
        ["lymphocyte", "1,000", "25.0"],
        ["monocyte", "0", "0.0"],
    ]
    assert not any(view.legend.item(row, 0).icon().isNull() for row in range(3))


def test_without_cells_there_are_no_shares(view):
    view.show_counts({"micronucleus": 0, "none": 0})
    assert [row[1:] for row in texts(view)] == [["0", ""], ["0", ""]]


def test_the_legend_is_as_high_as_its_classes(view):
    view.show_counts({"micronucleus": 1, "none": 2})
    two = view.legend.height()
    view.show_counts({"myelocyte": 1, "lymphocyte": 2, "monocyte": 3})
    assert view.legend.rowCount() == 3
    assert view.legend.height() == two + view.legend.rowHeight(0)


def test_the_legend_has_room_for_its_classes_in_the_style_of_a_window(qtbot):
    view = ClassView()
    view.show_counts({"myelocyte": 1, "lymphocyte": 2, "monocyte": 3})  # of a project, before the dock is seen
    window = QWidget()
    qtbot.addWidget(window)
    window.setStyleSheet("QHeaderView::section { padding: 12px }")
    QVBoxLayout(window).addWidget(view)
    window.resize(300, 500)
    window.show()
    qtbot.waitExposed(window)
    assert view.legend.verticalScrollBar().maximum() == 0
    assert view.legend.horizontalHeader().height() > 24


def test_figures_and_notes_are_shown_where_there_are_any(view):
    view.show_figures([("Cells < 100", "5 (2; 9)")], ["Few cells.", "Check them."])
    assert "Cells &lt; 100" in view.figures.text()
    assert "5 (2;<br>9)" in view.figures.text()
    assert view.notes.text() == "Few cells.\nCheck them."
    assert not view.figures.isHidden()
    view.show_figures([], [], ["Dark ground: choose others."])
    assert view.doubts.text() == "Dark ground: choose others."
    assert view.layout().indexOf(view.doubts) < view.layout().indexOf(view.legend)  # nobody has to scroll to it
    view.show_figures([], [])
    assert view.doubts.isHidden()
    assert view.figures.isHidden()
    assert view.notes.isHidden()


def test_it_says_what_stands_in_brackets_and_that_it_is_for_research(view):
    assert "95 % interval" in view.use.text()
    assert "not a diagnostic device" in view.use.text()
