"""In which formats results are saved, and where: one question for Detect and Classify."""

from dataclasses import dataclass
from pathlib import Path

from qtpy.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QFileDialog, QLabel, QVBoxLayout, QWidget

from napari_hemalens.gui.preferences import preference
from napari_hemalens.reports.class_tables import CLASS_FORMATS
from napari_hemalens.workflows import ome_zarr
from napari_hemalens.workflows.annotations import FORMATS

_WORDS = {
    "csv": "Table of cells (cells.csv)",
    "coco": "COCO (coco.json)",
    "geojson": "QuPath (GeoJSON, one file per image)",
    "voc": "Pascal VOC (XML, one file per image)",
    "yolo": "YOLO (text, one file per image)",
    "via": "VGG Image Annotator (via.json)",
    "parquet": "Parquet (cells.parquet)",
    "h5ad": "AnnData, for scanpy and squidpy (cells.h5ad)",
    ome_zarr.OME_ZARR: "OME-Zarr (a copy of each image with its cells)",
}
_MISSING = "Formats in grey need packages that are not there: pip install 'napari-hemalens[exchange]'."


@dataclass(frozen=True, slots=True)
class OfferedFormats:
    """What a dock can save.

    Attributes
    ----------
    names : tuple of str
        Formats, in their order.
    ticked : tuple of str
        Those that are chosen at first.
    besides : str
        What is written, whatever is chosen.
    always : tuple of str
        Formats that cannot be left out, since reports and training sets read them.
    """

    names: tuple[str, ...]
    ticked: tuple[str, ...]
    besides: str
    always: tuple[str, ...] = ()


DETECTED = OfferedFormats(
    tuple(dict.fromkeys((*_WORDS, *FORMATS))),
    ("csv", "coco"),
    "counts.csv, differential.csv and run.json are written too.",
)
CLASSIFIED = OfferedFormats(
    (*CLASS_FORMATS, ome_zarr.OME_ZARR),
    ("csv",),
    "summary.csv, run.json and the labels of each image are written too.",
    always=("csv",),
)


def ask_what_to_save(parent: QWidget, offered: OfferedFormats) -> tuple[Path, tuple[str, ...]] | None:
    """Ask for formats and a folder; None if the person changes their mind."""
    dialog = SaveDialog(parent, offered)
    if dialog.exec() != QDialog.DialogCode.Accepted:
        return None
    folder = QFileDialog.getExistingDirectory(parent, "Save in folder", preference("results_folder"))
    return (Path(folder), dialog.formats()) if folder else None


class SaveDialog(QDialog):
    """Which formats to write."""

    def __init__(self, parent: QWidget, offered: OfferedFormats) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save results")
        layout = QVBoxLayout(self)
        self.boxes = {name: QCheckBox(_WORDS.get(name, name)) for name in offered.names}
        for name, box in self.boxes.items():
            hint = _missing_package(name)
            box.setChecked(name in offered.ticked)
            box.setEnabled(not hint and name not in offered.always)
            box.setToolTip(hint or _WORDS.get(name, name))
            layout.addWidget(box)
        self.missing = QLabel(_MISSING)
        self.missing.setVisible(any(map(_missing_package, offered.names)))
        self.missing.setWordWrap(True)
        layout.addWidget(self.missing)
        layout.addWidget(QLabel(offered.besides))
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)

    def formats(self) -> tuple[str, ...]:
        """Return the formats ticked."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())


def _missing_package(name: str) -> str:
    return ome_zarr.missing_package() if name == ome_zarr.OME_ZARR else FORMATS[name].install_hint
