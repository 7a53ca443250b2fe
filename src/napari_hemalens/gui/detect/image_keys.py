"""The keys of a review work on the image, too: who has clicked a cell through it need not look for its boxes."""

import weakref
from collections.abc import Iterable

from napari.layers import Image

from napari_hemalens.gui.gestures import Reviewer, bind_keys, unbind_keys


class ImageKeys:
    """Binds the keys to the images whose cells are shown, and gives them back to napari afterwards.

    Parameters
    ----------
    reviewer : Reviewer
        Who is told.
    """

    def __init__(self, reviewer: Reviewer) -> None:
        self._reviewer = weakref.proxy(reviewer)
        self._bound: weakref.WeakSet[Image] = weakref.WeakSet()

    def follow(self, images: Iterable[Image]) -> None:
        """Let these images answer the keys, and no others."""
        wanted = {*images}
        for image in wanted - {*self._bound}:
            bind_keys(image, self._reviewer)
            self._bound.add(image)
        for image in {*self._bound} - wanted:
            unbind_keys(image)
            self._bound.discard(image)
