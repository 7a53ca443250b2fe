"""The keys of a review work on the image, too, and wherever napari has no other use for them."""

import weakref
from collections.abc import Iterable

from napari.components import ViewerModel
from napari.layers import Image

from napari_hemalens.gui.gestures import Reviewer, bind_keys, unbind_keys


class ImageKeys:
    """Binds the keys to the images whose cells are shown, and gives them back to napari afterwards.

    As long as there is one, the viewer answers those keys that the active layer does not.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    reviewer : Reviewer
        Who is told.
    """

    def __init__(self, viewer: ViewerModel, reviewer: Reviewer) -> None:
        self._viewer = weakref.ref(viewer)
        self._reviewer = weakref.proxy(reviewer)
        self._bound: weakref.WeakSet[Image | ViewerModel] = weakref.WeakSet()

    def follow(self, images: Iterable[Image]) -> None:
        """Let these images answer the keys, and no others."""
        wanted: set[Image | ViewerModel] = {*images}
        viewer = self._viewer()
        if wanted and viewer is not None:
            wanted.add(viewer)
        for each in wanted - {*self._bound}:
            bind_keys(each, self._reviewer)
            self._bound.add(each)
        for each in {*self._bound} - wanted:
            unbind_keys(each)
            self._bound.discard(each)
