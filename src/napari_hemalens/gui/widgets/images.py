"""Which images, and where in them."""

from pathlib import Path
from typing import Any

from napari.components import LayerList
from napari.layers import Image, Shapes
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_hemalens.errors import ImageError
from napari_hemalens.gui.layers import MARK, Where, holds_pixels, pixel_size_um
from napari_hemalens.gui.widgets.choices import LAYER_NEWS, box, fill
from napari_hemalens.gui.widgets.rows import Rows
from napari_hemalens.workflows.images import images_in

ALL, SELECTED, FOLDER, ASK = "all", "selected", "folder", "ask for a folder"


class ImageBox(QWidget):
    """Choose image layers or a folder, and a region."""

    changed = Signal()
    refused = Signal(str)

    def __init__(self, layers: LayerList) -> None:
        super().__init__()
        self._layers = layers
        self._folder: tuple[Path, ...] = ()
        self._chosen: Any = None
        self.images, self.regions = box(), box()
        rows = Rows(self)
        rows.add("Image", self.images)
        rows.add("Region", self.regions)
        self.images.currentIndexChanged.connect(self._on_choice)
        self.images.activated.connect(self._on_click)
        layers.events.connect(self._on_layers)
        self.refresh()

    def sources(self) -> tuple[Image | Path, ...]:
        """Return the images chosen."""
        if isinstance(self._chosen, Image):
            return (self._chosen,)
        if self._chosen == ALL:
            return tuple(self._image_layers())
        if self._chosen == SELECTED:
            return tuple(layer for layer in self._image_layers() if layer in self._layers.selection)
        return self._folder if self._chosen == FOLDER else ()

    def where(self) -> Where:
        """Return the region chosen."""
        where: Where = self.regions.currentData()
        return where

    def pixel_size_um(self) -> float | None:
        """Return the pixel size of the image, where it is one and knows it."""
        return pixel_size_um(self._chosen) if isinstance(self._chosen, Image) else None

    def choose_folder(self, folder: Path) -> None:
        """Take the images of a folder."""
        try:
            self._folder = images_in([folder])
        except ImageError as error:
            self.refused.emit(str(error))
            return
        self.refresh()
        self.images.setCurrentIndex(self.images.findData(FOLDER))

    def refresh(self) -> None:
        """Offer what the viewer holds now, and keep what was chosen."""
        layers = self._image_layers()
        images: list[tuple[str, Any]] = [(layer.name, layer) for layer in layers]
        if len(layers) > 1:
            images += [(f"All {len(layers)} image layers", ALL), ("Selected image layers", SELECTED)]
        if self._folder:
            images.append((f"{self._folder[0].parent.name} ({len(self._folder)} images)", FOLDER))
        marks = [s for s in self._layers if isinstance(s, Shapes) and MARK not in s.metadata]
        regions = [("Whole image", "whole"), ("Visible field", "visible")]
        fill(self.images, [*images, ("Folder of images…", ASK)], self._chosen)
        fill(self.regions, [*regions, *((f"Rectangles of {s.name}", s) for s in marks)], self.regions.currentData())
        self._on_choice()

    def _image_layers(self) -> list[Image]:
        return [layer for layer in self._layers if holds_pixels(layer)]

    def _on_layers(self, event: Any) -> None:
        if event.type in LAYER_NEWS:
            self.refresh()
        if event.type in {"scale", "units"} and event.source is self._chosen:
            self.changed.emit()

    def _on_choice(self) -> None:
        chosen = self.images.currentData()
        if chosen not in (ASK, self._chosen):
            self._chosen = chosen
            self.changed.emit()
        elif chosen == ASK and self.images.count() == 1:
            self._chosen = None  # the last image is gone

    def _on_click(self) -> None:
        if self.images.currentData() == ASK:
            folder = QFileDialog.getExistingDirectory(self, "Folder of images")
            self.refresh()  # back to what was chosen, should no folder be
            if folder:
                self.choose_folder(Path(folder))
