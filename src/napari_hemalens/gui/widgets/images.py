"""Which images, and where in them."""

from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Shapes
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog

from napari_hemalens.errors import ImageError
from napari_hemalens.gui.channels import channels_of
from napari_hemalens.gui.layers import MARK, Where, holds_pixels, pixel_size_um
from napari_hemalens.gui.widgets.choices import Choice, image_meant
from napari_hemalens.gui.widgets.rows import RowBox
from napari_hemalens.workflows.images import images_in

ALL, SELECTED, FOLDER, ASK = "all", "selected", "folder", "ask for a folder"


class ImageBox(RowBox):
    """Choose image layers or a folder, and a region."""

    changed = Signal()
    refused = Signal(str)  # '': what was refused before is replaced

    def __init__(self, viewer: ViewerModel) -> None:
        self._layers = viewer.layers
        self._folder: tuple[Path, ...] = ()
        self.images = Choice(self._offered_images, label="Image")
        self.regions = Choice(self._offered_regions, label="Region")
        self.images.tooltip = "Layers to analyse, or the images of a folder"
        self.regions.tooltip = "The whole of each image, what is on screen, or rectangles of a Shapes layer"
        self.images.begin_with(lambda opened: image_meant(viewer, opened))
        self._chosen = self.images.value
        self._pixel_size = self.pixel_size_um()
        super().__init__(self.images, self.regions)
        self.images.changed.connect(self._on_choice)
        self._layers.events.connect(self._on_layers)

    def sources(self) -> tuple[Image | Path, ...]:
        """Return the images chosen."""
        chosen = self.images.value
        if isinstance(chosen, Image):
            return (chosen,)
        if chosen == ALL:
            return tuple(self._image_layers())
        if chosen == SELECTED:
            return tuple(layer for layer in self._image_layers() if layer in self._layers.selection)
        return self._folder if chosen == FOLDER else ()

    def where(self) -> Where:
        """Return the region chosen."""
        where: Where = self.regions.value
        return where

    def pixel_size_um(self) -> float | None:
        """Return the pixel size of the image, where it is one and knows it."""
        return pixel_size_um(self.images.value) if isinstance(self.images.value, Image) else None

    def channels(self) -> tuple[str, ...]:
        """Return the names of the channels that the image, or the first of a folder, keeps apart."""
        sources = self.sources()
        return channels_of(sources[0]) if sources else ()

    def choose_folder(self, folder: Path) -> None:
        """Take the images of a folder."""
        try:
            self._folder = images_in([folder])
        except ImageError as error:
            self.refused.emit(str(error))
            return
        with self.images.changed.blocked():
            self.images.reset_choices()
            self.images.value = FOLDER
        self._on_choice(FOLDER)  # also where it is another folder in place of one
        self.refused.emit("")

    def _image_layers(self) -> list[Image]:
        return [layer for layer in self._layers if holds_pixels(layer)]

    def _offered_images(self, _: object) -> list[tuple[str, Any]]:
        layers = self._image_layers()
        images: list[tuple[str, Any]] = [(layer.name, layer) for layer in layers]
        if len(layers) > 1:
            images += [(f"All {len(layers)} image layers", ALL), ("Selected image layers", SELECTED)]
        if self._folder:
            images.append((f"{self._folder[0].parent.name} ({len(self._folder)} images)", FOLDER))
        return [*(images or [("no image is open", None)]), ("Folder of images…", ASK)]

    def _offered_regions(self, _: object) -> list[tuple[str, Where]]:
        drawn = [layer for layer in self._layers if isinstance(layer, Shapes) and MARK not in layer.metadata]
        regions: list[tuple[str, Where]] = [("Whole image", "whole"), ("Visible field", "visible")]
        return [*regions, *((f"Rectangles of {layer.name}", layer) for layer in drawn)]

    def _on_layers(self, event: Any) -> None:
        # The list passes on what its layers tell, and names itself as the source.
        if event.type in {"scale", "units"} and self.pixel_size_um() != self._pixel_size:
            self._tell()

    def _on_choice(self, chosen: Any) -> None:
        if chosen != ASK:
            self._chosen = chosen
            self._tell()
            return
        with self.images.changed.blocked():
            self.images.value = self._chosen  # should no folder be chosen
        folder = QFileDialog.getExistingDirectory(self, "Folder of images")
        if folder:
            self.choose_folder(Path(folder))

    def _tell(self) -> None:
        self._pixel_size = self.pixel_size_um()
        self.changed.emit()
