"""Taking results out of napari, and annotations in: a script on the clipboard, files."""

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_hemalens.gui.widgets.report_dialog import report_button
from napari_hemalens.gui.widgets.rows import button
from napari_hemalens.gui.widgets.saving import DETECTED, ask_what_to_save


def ask_for_annotations(parent: QWidget) -> tuple[Path, ...]:
    """Ask for files of annotations, of which some formats have one an image; none: the person changes their mind."""
    suffixes = "*.json *.geojson *.csv *.xml *.yaml *.txt *.parquet *.h5ad"
    kinds = f"Annotations: VIA, COCO, QuPath, tables, Pascal VOC, YOLO ({suffixes});;All files (*)"
    files, _ = QFileDialog.getOpenFileNames(parent, "Open annotations", "", kinds)
    return tuple(map(Path, files))


def ask_for_training_set(parent: QWidget) -> Path | None:
    """Ask for the folder of a new training set; None if the person changes their mind."""
    folder = QFileDialog.getExistingDirectory(parent, "New or empty folder for the training set")
    return Path(folder) if folder else None


def collect_button() -> QPushButton:
    """Return the button that makes a training set of corrections."""
    made = button("Corrections as training data…")
    made.setToolTip("Write the images that you corrected, with your classes, as a set to train on")
    return made


class ExportBar(QWidget):
    """Clear, Copy as Python, Save, a report, and corrections as training data."""

    saved = Signal(object, object)  # folder, names of formats
    collected = Signal(object)  # folder

    def __init__(self) -> None:
        super().__init__()
        self.clear, self.copy, self.save = button("Clear"), button("Copy as Python"), button("Save…")
        self.save.setToolTip("Write the cells as you left them, in formats of your choice, with counts and run.json")
        self.clear.setToolTip("Remove the cells of all images and start over; Undo brings them back")
        self.copy.setToolTip("Copy a script that finds the same cells")
        self.collect, self.report = collect_button(), report_button()
        above, below, layout = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for widget in (self.clear, self.copy, self.save):
            above.addWidget(widget)
        for widget in (self.report, self.collect):
            below.addWidget(widget)
        layout.addLayout(above)
        layout.addLayout(below)
        self.save.clicked.connect(self._ask)
        self.collect.clicked.connect(self._ask_for_training_set)

    def _ask(self) -> None:
        asked = ask_what_to_save(self, DETECTED)
        if asked is not None:
            self.saved.emit(*asked)

    def _ask_for_training_set(self) -> None:
        folder = ask_for_training_set(self)
        if folder is not None:
            self.collected.emit(folder)
