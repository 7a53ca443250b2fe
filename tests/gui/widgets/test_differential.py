"""The table says what the differential says."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_hemalens.gui.widgets.differential import DifferentialView
from napari_hemalens.records.contrast import READABLE, contrast
from napari_hemalens.records.differential import differential
from napari_hemalens.records.taxonomy import MARROW_12
from napari_hemalens.reports.detections import RESEARCH_USE

pytestmark = pytest.mark.window
COUNTS = {"segmented_neutrophil": 30, "erythroblast": 10, "erythrocyte": 99}


@pytest.fixture
def view(qtbot):
    view = DifferentialView()
    qtbot.addWidget(view)
    view.resize(340, 500)
    view.show_differential(differential(COUNTS, MARROW_12.classes, fields=["smear"]), ["A note."])
    return view


def rows(view):
    texts = [[view.table.item(r, c).text() for c in range(4)] for r in range(view.table.rowCount())]
    return {name: rest for name, *rest in texts}


def test_rows_give_counts_and_shares(view):
    shown = rows(view)
    assert shown["segmented neutrophil"] == ["30", "75.0", ""]
    assert shown["erythroblast"] == ["10", "25.0", ""]
    assert shown["myelocyte"] == ["0", "0.0", ""]


def test_red_cells_stand_beside_without_a_share(view):
    assert rows(view)["erythrocyte"] == ["99", "", ""]


def test_a_class_that_the_weights_do_not_know_has_no_count_of_0(view):
    assert rows(view)["blast"] == ["-", "", "not recognised"]
    assert "plasma cell" not in rows(view)
    assert "plasma cell" in view.warnings.text()


def test_a_class_that_a_person_gave_has_a_row(view):
    view.show_differential(differential({"plasma_cell": 3}, MARROW_12.classes), [])
    number = list(rows(view)).index("plasma cell")
    assert rows(view)["plasma cell"][0] == "-"
    assert view.table.item(number, 3).text() == "not recognised; 3 by hand"


def test_below_the_table_stands_what_must_be_known_to_read_it(view):
    assert "<b>40</b> of 500 nucleated cells" in view.summary.text()
    assert "M:E 3.0" in view.summary.text()
    assert view.warnings.text().startswith("A note.\nICSH asks for 500 nucleated cells")
    assert view.use.text() == RESEARCH_USE


def test_without_erythroblasts_there_is_no_ratio(view):
    view.show_differential(differential({"lymphocyte": 1}, MARROW_12.classes), [])
    assert "no erythroblasts" in view.summary.text()


def test_bars_are_as_long_as_shares_are_large(view):
    view.show()
    picture = view.table.viewport().grab().toImage()
    names = list(rows(view))

    def length(name):
        bar = view.table.visualItemRect(view.table.item(names.index(name), 3))
        colour = view.table.item(names.index(name), 0).icon().pixmap(15).toImage().pixelColor(0, 0)
        across = range(bar.left(), bar.right())
        # Beside the whisker, which runs along the middle.
        return sum(picture.pixelColor(x, bar.top() + 6) == colour for x in across)

    assert length("segmented neutrophil") == pytest.approx(3 * length("erythroblast"), rel=0.1)
    assert length("myelocyte") == 0


def test_the_interval_is_told_on_hovering(view):
    tip = view.table.item(list(rows(view)).index("segmented neutrophil"), 3).toolTip()
    assert tip == "75.0 %, 95 % interval 59.8 to 85.8 %"


def test_keys_stand_in_the_colours_of_their_classes(view):
    names = list(rows(view))
    icons = [view.table.item(names.index(n), 0).icon().pixmap(15).toImage() for n in ("blast", "erythrocyte")]
    inner = [{icon.pixel(x, y) for x in range(1, 14) for y in range(1, 14)} for icon in icons]
    assert len(inner[0]) > 1  # a digit is written on it
    assert len(inner[1]) == 1
    assert np.all([icon.pixelColor(0, 0).isValid() for icon in icons])


def test_a_count_in_doubt_is_marked_and_still_shown(view):
    count = differential(COUNTS, MARROW_12.classes, fields=["stack"])
    assert view.doubts.isHidden()
    view.show_differential(replace(count, notes=("Dark ground: do not use this count.",)), [])
    assert not view.doubts.isHidden()
    assert view.doubts.text() == "Dark ground: do not use this count."
    assert "Doubtful:</b></span> <b>40</b> of 500" in view.summary.text()
    assert rows(view)["segmented neutrophil"] == ["30", "75.0", ""]
    marked = view.table.item(5, 1).foreground().color()
    assert contrast(marked.name(), view.table.item(5, 1).background().color().name()) >= READABLE
    view.show_differential(count, [])
    assert view.doubts.isHidden()
    assert "Doubtful" not in view.summary.text()
    assert view.table.item(5, 1).foreground().style() == Qt.BrushStyle.NoBrush  # that of the theme


def test_unsure_cells_have_a_row_of_their_own_that_says_what_they_are(view):
    count = replace(differential(COUNTS, MARROW_12.classes), unsure=7)
    view.show_differential(count, [])
    assert rows(view)["unsure"] == ["7", "", "counted apart"]
    last = view.table.rowCount() - 1
    assert "unlike all cells that the classifier learned from" in view.table.item(last, 0).toolTip()
    view.show()
    assert view.table.viewport().grab().toImage().height() > 0  # painted without a share
    view.show_differential(replace(count, unsure=0), [])
    assert "unsure" not in rows(view)


def looks(view):
    """Return text, hint, background, icon and bar of each place of the table."""
    items = [view.table.item(r, c) for r in range(view.table.rowCount()) for c in range(4)]
    icons = [item.icon().pixmap(15, 15).toImage().pixelColor(1, 1).name() for item in items]
    said = [(item.text(), item.toolTip(), item.textAlignment(), item.data(Qt.ItemDataRole.UserRole)) for item in items]
    behind = [(item.background().style(), item.background().color().name()) for item in items]
    return [*zip(said, behind, icons, strict=True)]


def test_a_table_that_showed_something_else_looks_like_a_new_one(view, qtbot):
    doubtful = replace(differential(COUNTS, MARROW_12.classes), notes=("Not a marrow.",))
    unsure = replace(differential(COUNTS, MARROW_12.classes), unsure=3)
    other = differential({"plasma_cell": 3}, MARROW_12.classes)
    for count in (unsure, doubtful, other, unsure, differential(COUNTS, MARROW_12.classes)):
        view.show_differential(count, [])
        fresh = DifferentialView()
        qtbot.addWidget(fresh)
        fresh.show_differential(count, [])
        assert looks(view) == looks(fresh)


def test_what_stands_in_the_table_already_is_left_alone(view):
    changed = []
    view.table.itemChanged.connect(lambda item: changed.append((item.row(), item.column())))
    view.show_differential(differential(COUNTS, MARROW_12.classes, fields=["smear"]), ["A note."])
    assert changed == []
