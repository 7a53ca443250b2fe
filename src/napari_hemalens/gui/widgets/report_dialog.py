"""What a report says beside the cells, asked for before its file: patient, sample, language, reference ranges."""

from pathlib import Path
from typing import Any

from magicgui.widgets import FileEdit, LineEdit, TextEdit
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QVBoxLayout, QWidget

from napari_hemalens.config.report import ReportRecipe, fields_of
from napari_hemalens.errors import HemaLensError, MissingPackageError
from napari_hemalens.gui.preferences import preference, set_preference
from napari_hemalens.gui.widgets.accessible import order_tabs
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.form import RecipeForm
from napari_hemalens.gui.widgets.replacing import ask_for_file
from napari_hemalens.gui.widgets.rows import Rows, button, sentences
from napari_hemalens.reports.language import LANGUAGES, Language
from napari_hemalens.reports.reference import read_reference
from napari_hemalens.reports.sections import sample_fields
from napari_hemalens.workflows.report import missing_for_pdf

_FORMATS = {".html": "Web page (*.html)", ".pdf": "PDF (*.pdf)"}
_WIDTH, _LINES = 460, 56  # pixels


class FieldLines(TextEdit):
    """Fields of a report as lines of text: what it is, an equals sign, what stands there."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.native.setPlaceholderText("Requested by=Dr. A. Example\nStain=May-Grünwald-Giemsa")
        self.native.setTabChangesFocus(True)
        self.native.setFixedHeight(_LINES)

    def get_value(self) -> Any:
        """Return the fields.

        Raises
        ------
        RecipeError
            If a line has no label or no equals sign.
        """
        return fields_of([line for line in self.native.toPlainText().splitlines() if line.strip()])

    def set_value(self, value: tuple[tuple[str, str], ...]) -> None:
        """Show fields, a line each."""
        self.native.setPlainText("\n".join(f"{label}={said}" for label, said in value))


class ReportDialog(QDialog):
    """All options of a report.

    Parameters
    ----------
    parent : QWidget
        The dock.
    sample : (str, str)
        Patient and sample as far as they are known.
    ranges : bool
        Whether what is reported has reference ranges.
    """

    def __init__(self, parent: QWidget, sample: tuple[str, str], *, ranges: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle("Report")
        self.setMinimumWidth(_WIDTH)
        self.patient, self.sample = (LineEdit(label=label) for label in ("Patient", "Sample"))
        self.format = Choice(
            [("HTML, for any browser", ".html"), ("PDF", ".pdf")],
            label="Format",
            tooltip="One file that needs nothing beside itself",
        )
        self.form = _form(ranges)
        self.words = sentences()
        self._lay_out()
        for line, said in zip((self.patient, self.sample), sample, strict=True):
            line.tooltip = f"{line.label} as it is to stand in the report; empty: no such line"
            line.value = said
        order_tabs(self)

    def read(self) -> ReportRecipe:
        """Return what is filled in.

        Raises
        ------
        HemaLensError
            If a line is no field, the reference ranges cannot be used, or there is nothing to make a PDF with.
        """
        if self.format.value == ".pdf" and (hint := missing_for_pdf()):
            raise MissingPackageError(hint)
        recipe = self.form.read()
        if recipe.reference is not None:
            read_reference(recipe.reference)
        fields = sample_fields(self.patient.value.strip(), self.sample.value.strip(), Language.of(recipe.language))
        return recipe.model_copy(update={"fields": (*fields, *recipe.fields)})

    def accept(self) -> None:
        """Close, and keep language and reference ranges for the next report; what cannot be used is said instead."""
        try:
            recipe = self.read()
        except HemaLensError as error:
            self.words.setText(str(error))
            self.words.show()
            return
        set_preference("report_language", recipe.language)
        if "reference" in self.form.options:
            set_preference("report_reference", str(recipe.reference or ""))
        super().accept()

    def _lay_out(self) -> None:
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.button(kinds.Ok).setText("Save as…")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (Rows(self.patient, self.sample, self.format).native, self.form, self.words, buttons):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.words.hide()


def report_button() -> QPushButton:
    """Return the button that makes a report."""
    made = button("Report…")
    made.setToolTip("Write counts, intervals and a gallery as a page to print (HTML, or PDF)")
    return made


def ask_for_report(
    parent: QWidget, sample: tuple[str, str], *, ranges: bool = False
) -> tuple[Path, ReportRecipe] | None:
    """Ask what a report is to say, and for its file; None if the person changes their mind."""
    dialog = ReportDialog(parent, sample, ranges=ranges)
    try:
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return None
        suffix, recipe = dialog.format.value, dialog.read()
    finally:
        dialog.deleteLater()
    suggested = Path(preference("results_folder")) / f"report{suffix}"
    file = ask_for_file(parent, "Report", suggested, _FORMATS[suffix])
    return None if file is None else (file, recipe)


def _form(ranges: bool) -> RecipeForm[ReportRecipe]:
    """Return the form of the options, with what was chosen last."""
    language = Choice([(title, code) for code, title in LANGUAGES.items()])
    reference = FileEdit(mode="r", filter="Tables (*.csv *.tsv *.txt);;All files (*)", nullable=True)
    made = RecipeForm(
        ReportRecipe,
        ("language", "reference") if ranges else ("language",),
        {"fields": FieldLines(), "language": language, "reference": reference},
        () if ranges else ("reference",),
    )
    chosen: dict[str, Any] = {"language": preference("report_language")}
    if ranges:
        chosen["reference"] = preference("report_reference") or None
    made.write(ReportRecipe.from_options(**chosen))
    return made
