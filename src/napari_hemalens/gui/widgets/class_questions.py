"""What kind of cell a class of annotations is, where its name does not tell: asked of the person."""

from collections.abc import Mapping

from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_hemalens.records.taxonomy import ICSH, UNCLASSIFIABLE

_LEAVE_OUT = "(leave these out)"


class ClassQuestions(QDialog):
    """A choice of class for each unknown name; by default its cells count as unclassifiable."""

    def __init__(self, names: Mapping[str, int], parent: QWidget | None = None) -> None:
        """`names` are the unknown names with their number of cells."""
        super().__init__(parent)
        self.setWindowTitle("What are these cells?")
        self.choices = {name: QComboBox() for name in names}
        listed = QWidget()
        rows = QFormLayout(listed)
        for name, choice in self.choices.items():
            choice.addItems([*ICSH.classes, _LEAVE_OUT])
            choice.setCurrentText(UNCLASSIFIABLE)
            choice.setAccessibleName(f"Class of {name}")
            rows.addRow(f"{name} ({names[name]:,})", choice)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        scrolled = QScrollArea()  # a file may have more classes than a laptop's screen has room for
        scrolled.setWidgetResizable(True)
        scrolled.setWidget(listed)
        whole = QVBoxLayout(self)
        whole.addWidget(
            QLabel("The file has classes that are not known here. Unclassifiable cells count as nucleated.")
        )
        whole.addWidget(scrolled)
        whole.addWidget(buttons)

    def answers(self) -> dict[str, str]:
        """Return the class of each name, '' for those whose cells are left out."""
        chosen = {name: choice.currentText() for name, choice in self.choices.items()}
        return {name: "" if text == _LEAVE_OUT else text for name, text in chosen.items()}


def ask_for_classes(parent: QWidget, names: Mapping[str, int]) -> dict[str, str] | None:
    """Ask what unknown names mean, if there are any; None if the person changes their mind."""
    if not names:
        return {}
    dialog = ClassQuestions(names, parent)
    return dialog.answers() if dialog.exec() == QDialog.DialogCode.Accepted else None
