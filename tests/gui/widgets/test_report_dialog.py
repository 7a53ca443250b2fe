"""What a report is to say is asked for before its file; language and ranges are remembered, people are not."""

from pathlib import Path

import pytest
from qtpy.QtWidgets import QDialog, QFileDialog, QWidget

from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.gui import preferences
from napari_hemalens.gui.widgets import report_dialog
from napari_hemalens.gui.widgets.report_dialog import ReportDialog, ask_for_report

pytestmark = pytest.mark.window


@pytest.fixture
def kept(monkeypatch):
    """Preferences of this test alone."""

    def unknown(_):
        raise KeyError

    monkeypatch.setattr(preferences, "get_plugin_settings", unknown)
    monkeypatch.setattr(preferences, "_DEFAULTS", {**preferences._DEFAULTS})
    return preferences._DEFAULTS


@pytest.fixture
def parent(qtbot, kept):
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def reference(tmp_path):
    file = tmp_path / "adults.csv"
    file.write_text("class,low,high\nlymphocyte,20,40\n", encoding="utf-8")
    return file


def test_a_dialogue_can_say_all_that_the_command_can(parent, reference):
    dialog = ReportDialog(parent, ("M. Muster", "iliac crest"), ranges=True)
    dialog.form.write(
        ReportRecipe(
            title="Marrow",
            fields=(("Ward", "3 = B"),),
            observer="Dr. A",
            reference=reference,
            language="de",
            thumbnails=4,
        )
    )
    assert dialog.read() == ReportRecipe(
        title="Marrow",
        fields=(("Patient", "M. Muster"), ("Probe", "iliac crest"), ("Ward", "3 = B")),
        observer="Dr. A",
        reference=reference,
        language="de",
        thumbnails=4,
    )
    assert dialog.form.options.keys() == ReportRecipe.model_fields.keys()
    assert dialog.form.options["thumbnails"].max == 16


def test_nothing_filled_in_is_the_report_of_the_defaults(parent):
    assert ReportDialog(parent, ("", ""), ranges=True).read() == ReportRecipe()
    without = ReportDialog(parent, (" ", ""), ranges=False)
    assert without.read() == ReportRecipe()
    assert "reference" not in without.form.options


def test_what_cannot_be_used_is_said_and_the_dialogue_stays(parent, kept):
    dialog = ReportDialog(parent, ("", ""), ranges=True)
    dialog.form.options["fields"].native.setPlainText("Ward 3")
    dialog.accept()
    assert dialog.result() == QDialog.DialogCode.Rejected
    assert "'Ward 3' is no field of a report" in dialog.words.text()
    dialog.form.options["fields"].native.setPlainText("")
    dialog.form.options["reference"].value = "gone.csv"
    dialog.accept()
    assert "gone.csv" in dialog.words.text()
    assert kept["report_reference"] == ""


def test_language_and_ranges_are_remembered_but_not_the_patient(parent, kept, reference):
    dialog = ReportDialog(parent, ("M. Muster", ""), ranges=True)
    dialog.form.options["language"].value = "de"
    dialog.form.options["reference"].value = reference
    dialog.accept()
    assert {name: kept[name] for name in ("report_language", "report_reference")} == {
        "report_language": "de",
        "report_reference": str(reference),
    }
    assert not any("Muster" in value for value in kept.values())
    assert ReportDialog(parent, ("", ""), ranges=True).read() == ReportRecipe(language="de", reference=reference)
    ReportDialog(parent, ("", ""), ranges=False).accept()
    assert kept["report_reference"] == str(reference)  # a report without ranges forgets none


def test_a_pdf_that_cannot_be_made_is_refused_before_it_is_saved(parent, monkeypatch):
    monkeypatch.setattr(report_dialog, "missing_for_pdf", lambda: "Install something.")
    dialog = ReportDialog(parent, ("", ""), ranges=False)
    dialog.format.value = ".pdf"
    dialog.accept()
    assert dialog.words.text() == "Install something."
    dialog.format.value = ".html"
    assert dialog.read() == ReportRecipe()


@pytest.mark.parametrize(
    ("suffix", "typed", "file"), [(".html", "/a/b.html", "b.html"), (".pdf", "/a/b", "b.pdf"), (".pdf", "", None)]
)
def test_the_format_is_that_of_the_file_asked_for(parent, monkeypatch, suffix, typed, file):
    offered = []
    monkeypatch.setattr(report_dialog, "missing_for_pdf", str)

    def choose(dialog):
        dialog.format.value = suffix
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(ReportDialog, "exec", choose)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *asked: offered.append(asked[3]) or (typed, ""))
    assert ask_for_report(parent, ("", "")) == (file and (Path("/a") / file, ReportRecipe()))
    assert suffix in offered[0]


def test_who_cancels_is_asked_for_no_file(parent, monkeypatch):
    monkeypatch.setattr(ReportDialog, "exec", lambda _: QDialog.DialogCode.Rejected)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: pytest.fail("asked for a file"))
    assert ask_for_report(parent, ("", "")) is None
