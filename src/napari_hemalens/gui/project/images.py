"""The images of a project as layers: those that are open already, others opened, each as it looked. No Qt."""

from collections.abc import Sequence
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_hemalens.errors import HemaLensError, ImageError
from napari_hemalens.gui.files.images import image_layers
from napari_hemalens.gui.kept_layers import READER, file_of, give_look, layers_of
from napari_hemalens.gui.layers import holds_pixels
from napari_hemalens.workflows.kept_images import KeptImage, adopt_pixels
from napari_hemalens.workflows.work import WorkFiles


class ProjectImages:
    """Finds the layer of each image, once.

    Parameters
    ----------
    viewer : ViewerModel
        Gets those that are not open.
    files : WorkFiles
        Which keep pixels that are no files.

    Attributes
    ----------
    notes : list of str
        A sentence for each image that cannot be shown, but for those whose files are not found.
    """

    def __init__(self, viewer: ViewerModel, files: WorkFiles) -> None:
        self._viewer, self._files = viewer, files
        self._found: dict[tuple[str, str], Image | None] = {}
        self.notes: list[str] = []

    def __call__(self, image: KeptImage) -> Image | None:
        """Return the layer of an image, which is opened if it is not; None where that cannot be."""
        of = (image.file, image.name)
        if of not in self._found:
            self._found[of] = self._open_already(image) or self._opened(image)
        return self._found[of]

    def _open_already(self, image: KeptImage) -> Image | None:
        """Return the open layer of the file, or, where that is elsewhere or none, of the name; of the same sides."""
        fit = [each for each in self._viewer.layers if holds_pixels(each) and _fits(image, each)]
        of_file = [each for each in fit if image.path is not None and file_of(each) == image.path.resolve()]
        named = [each for each in (of_file or fit) if each.name == image.name]
        return next(iter([*named, *of_file]), None)

    def _opened(self, image: KeptImage) -> Image | None:
        if image.path is None and image.pixels is None:
            if not image.file:
                self.notes.append(f"{image.name} was no file and is not kept: open it before the project.")
            return None
        try:
            layer = self._from_file(image, image.path) if image.path is not None else self._from_pixels(image)
        except HemaLensError as error:
            self.notes.append(str(error))
            return None
        give_look(layer, image.layer)
        if layer not in self._viewer.layers:
            self._viewer.add_layer(layer)
        if image.path is None:
            adopt_pixels(self._files, image, layer.data)
        return layer

    def _from_pixels(self, image: KeptImage) -> Image:
        pixels = image.pixels
        if pixels is None:
            raise ImageError(f"{image.name} is not kept.")
        return Image(pixels(), rgb=bool(image.layer["rgb"]))

    def _from_file(self, image: KeptImage, path: Path) -> Image:
        """Return the layer of a file as our reader, else the one that opened it, makes it."""
        layer = _same(image, layers_of(path, image_layers(path)))
        reader = image.layer.get("reader")
        if layer is None and reader and reader != READER:
            layer = _same(image, self._viewer.open(str(path), plugin=reader))
        if layer is None:
            raise ImageError(f"{path.name} is not as it was: its cells were of {image.shape[0]} x {image.shape[1]} px.")
        return layer


def _same(image: KeptImage, layers: Sequence[Layer]) -> Image | None:
    """Return the layer that fits an image; of several channels, the one of its name."""
    fit = [each for each in layers if isinstance(each, Image) and _fits(image, each)]
    return next((each for each in fit if each.name == image.name), fit[0] if fit else None)


def _fits(image: KeptImage, layer: Image) -> bool:
    """Return whether a layer has the sides of an image, and colours where that has."""
    sides = [int(side) for side in layer.level_shapes[0]]
    return (sides, bool(layer.rgb)) == (image.layer["sides"], image.layer["rgb"])
