"""Groups compared in the window."""

import pytest

from napari_hemalens.gui import preferences
from napari_hemalens.gui.widgets import groups_tab
from napari_hemalens.gui.widgets.groups_tab import GroupsTab


@pytest.fixture
def tab(qtbot, slides, monkeypatch):
    def unknown(_):
        raise KeyError

    monkeypatch.setattr(preferences, "get_plugin_settings", unknown)
    monkeypatch.setattr(preferences, "_DEFAULTS", {**preferences._DEFAULTS})
    made = GroupsTab(slides)
    qtbot.addWidget(made)
    return made


def offered(box):
    return [box.itemText(i) for i in range(box.count())]


def test_tests_stand_first_then_counts_of_groups_patients_and_slides(tab, runner):
    assert offered(tab.run) == ["detect-1", "Detect, as corrected"]
    assert (tab.first.currentText(), tab.second.currentText()) == ("control", "patients")
    tab.compare.click()
    runner.run()
    assert tab.refusal.isHidden()
    assert offered(tab.shown) == ["patients compared with control", "Groups", "Patients", "Slides"]
    assert [tab.table.item(row, 0).text() for row in range(3)] == ["myelocyte", "erythroblast", "lymphocyte"]
    tab.shown.setCurrentIndex(2)
    assert (tab.table.rowCount(), tab.table.item(0, 0).text()) == (6, "c0")
    assert "never below 0.10" in tab.notes.text()
    assert not tab.page.isHidden()


def test_the_last_run_is_offered_first_until_a_person_has_chosen(tab, slides, monkeypatch):
    runs = ["detect-1", "detect-2"]
    monkeypatch.setattr(type(slides), "countable", property(lambda _: tuple(runs)))
    tab.show_project()
    assert tab.run.currentText() == "detect-2"
    tab.run.setCurrentIndex(2)
    tab.run.activated.emit(2)
    runs.append("classify-1")
    tab.show_project()
    assert (tab.run.itemText(0), tab.run.currentText()) == ("classify-1", "Detect, as corrected")


def test_a_group_that_comes_second_is_offered_beside_the_first(tab, slides):
    rows = range(len(slides.slides))
    slides.write_texts(rows, "group", "control")
    assert (tab.first.currentText(), tab.second.currentText()) == ("control", "control")
    slides.write_texts([3, 4, 5], "group", "case")
    assert (tab.first.currentText(), tab.second.currentText()) == ("control", "case")
    tab.first.setCurrentIndex(1)
    tab.first.activated.emit(1)
    slides.write_texts([6], "group", "third")
    assert (tab.first.currentText(), tab.second.currentText()) == ("case", "control")


def test_a_group_that_is_called_a_control_is_offered_as_one(tab, slides):
    slides.write_texts(range(7), "group", "")
    slides.write_texts([0, 1, 2], "group", "treated")
    assert tab.first.currentText() == "treated"
    slides.write_texts([3, 4, 5], "group", "Vehicle (DMSO)")
    assert (tab.first.currentText(), tab.second.currentText()) == ("Vehicle (DMSO)", "treated")
    tab.first.setCurrentIndex(1)
    tab.first.activated.emit(1)
    slides.write_texts([6], "group", "control")
    assert tab.first.currentText() == "treated"  # as a person has said


def test_a_refusal_stands_above_the_counts(tab, slides, runner):
    slides.write_texts([5], "group", "")
    tab.compare.click()
    runner.run()
    assert "'patients' has 2 patients with cells" in tab.refusal.text()
    assert offered(tab.shown) == ["Groups", "Patients", "Slides"]
    assert "1 slide without a group" in tab.notes.text()


def test_a_comparison_of_groups_that_were_changed_is_taken_away(tab, slides, runner):
    tab.compare.click()
    runner.run()
    slides.write_texts([0], "group", "patients")
    assert (tab.table.rowCount(), tab.page.isHidden(), tab.notes.text()) == (0, True, "")
    assert tab.refusal.text() == groups_tab._OUTDATED
    tab.compare.click()
    runner.run()
    assert tab.refusal.text() != groups_tab._OUTDATED
    assert tab.table.rowCount() > 0
    slides.write_texts([0], "group", "control")
    slides.projects.leave()
    assert tab.refusal.isHidden()


def test_a_project_that_is_closed_takes_its_comparison_along(tab, slides, runner):
    tab.compare.click()
    runner.run()
    slides.projects.leave()
    assert (tab.table.rowCount(), offered(tab.first)) == (0, [])
    assert not tab.compare.isEnabled()


def test_tables_notes_and_page_are_in_the_language_chosen(tab, slides, runner):
    tab.language.setCurrentIndex(tab.language.findData("de"))
    tab.compare.click()
    runner.run()
    assert offered(tab.shown) == ["patients verglichen mit control", "Gruppen", "Patienten", "Präparate"]
    assert tab.table.horizontalHeaderItem(0).text() == "Klasse"
    assert [tab.table.item(row, 0).text() for row in range(3)] == ["Myelozyt", "Erythroblast", "Lymphozyt"]
    assert "nie unter 0,10" in tab.notes.text()
    tab.shown.setCurrentIndex(2)
    tab.language.setCurrentIndex(tab.language.findData("en"))
    assert tab.shown.currentText() == "Patients"
    assert tab.table.horizontalHeaderItem(1).text() == "Group"
    assert '<html lang="en">' in slides.compared.page.read_text(encoding="utf-8")
