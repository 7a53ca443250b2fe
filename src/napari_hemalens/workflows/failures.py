"""Why one image of many could not be looked at, in a sentence that names it."""

import logging

from napari_hemalens.errors import ClusterError, HemaLensError, RecipeError, WeightsError
from napari_hemalens.formats.decoding import DAMAGE, reason

__all__ = ["DAMAGE", "OF_ALL", "sentence_of"]

OF_ALL = (ClusterError, RecipeError, WeightsError)
"""Errors that end a run: no other image would fare better."""

_LOG = logging.getLogger(__name__)


def sentence_of(error: Exception, image: object, what: str = "Cannot look at") -> str:
    """Return what an error says of an image, for a person.

    Parameters
    ----------
    error : Exception
        One of `DAMAGE`.
    image : path or str
        The image.
    what : str
        Words before it.

    Notes
    -----
    What was noted of the error, such as at which piece of the image a worker had it, and how often, stands in brackets.
    """
    if isinstance(error, HemaLensError):
        return str(error)
    noted = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    if isinstance(error, (OSError, MemoryError)):
        return f"{what} {image}: {reason(error, str(image))}{noted}."
    # What decoders raise is a sentence by now (`formats.decoding`): this is a fault of ours.
    _LOG.debug("%s %s", what, image, exc_info=error)
    return f"{what} {image}, by a fault of HemaLens: {type(error).__name__}: {error}{noted}. Please report it."
