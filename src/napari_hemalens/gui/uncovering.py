"""Of images that lie over each other one is looked at: what covers it is hidden, and the cells of all others there."""

import weakref

from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points, Shapes

from napari_hemalens.gui.camera import show_whole_unless_like
from napari_hemalens.gui.grid import is_grid
from napari_hemalens.gui.layers import holds_pixels
from napari_hemalens.gui.staying import stay_on

CLEAR = ("additive", "minimum", "multiplicative")  # ways to blend in which what lies below is still seen

_KINDS = ((Shapes, Points), (Labels,), (Image,))  # boxes and points both stand for found cells

_images: weakref.WeakKeyDictionary[Layer, weakref.ref[Image]] = weakref.WeakKeyDictionary()
_aside: weakref.WeakSet[Layer] = weakref.WeakSet()  # what was hidden here, not by a person
_stored: weakref.WeakSet[Layer] = weakref.WeakSet()  # results of a run of a project, to be looked at


def lay_over(viewer: ViewerModel, layer: Layer, image: Image | None) -> None:
    """Tell of which image a new layer shows cells, which stays on it; while another one covers it, they are hidden."""
    if image is None:
        return
    stay_on(layer, image)
    _images[layer] = weakref.ref(image)
    if _is_covered(viewer, image):
        layer.visible = False
        _aside.add(layer)


def waits(layer: Layer) -> bool:
    """Return whether a hidden layer would be shown once its image is uncovered, and let it wait for that no longer."""
    waited = layer in _aside
    _aside.discard(layer)
    return waited


def bring_back(viewer: ViewerModel, layer: Layer) -> None:
    """Show a layer that was hidden; where another image covers its own, it is shown once that is uncovered."""
    image = image_under(layer)
    if image is not None and _is_covered(viewer, image):
        _aside.add(layer)
    else:
        layer.visible = True


def show_over(viewer: ViewerModel, layer: Layer, image: Image) -> None:
    """Tell of which image a new layer shows cells, and let that be seen: they would lie over the pixels of another."""
    lay_over(viewer, layer, image)
    uncover(viewer, image)


def lay_stored_over(viewer: ViewerModel, layer: Layer, image: Image) -> None:
    """Tell of which image a layer shows results that a run of a project has stored, until a dock finds some."""
    lay_over(viewer, layer, image)
    _stored.add(layer)


def hide_stored(viewer: ViewerModel, layer: Layer, image: Image | None) -> None:
    """Hide what is stored of an image where a dock shows results of the same kind: cells would be seen twice."""
    for other in viewer.layers if image is not None else ():
        of = image_under(other)
        if other in _stored and of is not None and _kind(other) == _kind(layer) and are_same(of, image):
            other.visible = False
            _aside.discard(other)


def image_under(layer: Layer) -> Image | None:
    """Return the image that a layer shows cells of, where that is known."""
    return _images[layer]() if layer in _images else None


def uncover(viewer: ViewerModel | None, image: Image | None) -> None:
    """Let an image be seen with its own cells alone; layers beside it stay as they are.

    Two photographs that are opened lie over each other: boxes of one over the pixels of the other name wrong cells.
    """
    if viewer is None or image is None or image not in viewer.layers:
        return
    place, seen = viewer.layers.index(image), _seen_at(viewer, image)
    for number, layer in enumerate(viewer.layers):
        of = image_under(layer)
        if image in (layer, of):
            _show_again(layer)
            continue
        in_the_way = not is_grid(viewer) and (of is not None or (number > place and _hides(layer)))
        if layer.visible and in_the_way and lie_over_each_other(of or layer, image):
            layer.visible = False
            _aside.add(layer)
    if not image.visible:
        image.visible = True
    if seen is not None and not is_grid(viewer):
        show_whole_unless_like(viewer, image, [seen])
    if viewer.layers.selection.active in _aside:  # whose keys count, is seen
        own = [layer for layer in viewer.layers if layer.visible and image_under(layer) is image]
        viewer.layers.selection.active = next(iter(own), image)


def _is_covered(viewer: ViewerModel, image: Image) -> bool:
    """Return whether another image hides one."""
    if image not in viewer.layers or is_grid(viewer):
        return False
    above = viewer.layers[viewer.layers.index(image) + 1 :]
    return any(other.visible and _hides(other) and lie_over_each_other(other, image) for other in above)


def _seen_at(viewer: ViewerModel, image: Image) -> Layer | None:
    """Return the image that is seen where another lies, or that itself."""
    shown = (layer for layer in reversed(viewer.layers) if layer.visible and _hides(layer))
    return next((layer for layer in shown if layer is image or lie_over_each_other(layer, image)), None)


def _show_again(layer: Layer) -> None:
    if layer in _aside:
        layer.visible = True
        _aside.discard(layer)


def _kind(layer: Layer) -> int | None:
    return next((number for number, kinds in enumerate(_KINDS) if isinstance(layer, kinds)), None)


def are_same(one: Image, other: Image) -> bool:
    """Return whether two layers are of the same image; channels of a file are."""
    return one is other or (bool(one.source.path) and one.source.path == other.source.path)


def _hides(layer: Layer) -> bool:
    """Return whether nothing is seen of what lies below a layer of pixels."""
    return holds_pixels(layer) and layer.opacity == 1 and layer.blending not in CLEAR


def lie_over_each_other(one: Layer, other: Layer) -> bool:
    """Return whether two layers have a place in common, in world coordinates."""
    (low, high), (other_low, other_high) = (each.extent.world[:, -2:] for each in (one, other))
    return bool(((low < other_high) & (other_low < high)).all())
