"""Packages of the extra `[slides]`, and what is said where one is not there."""

import importlib
from types import ModuleType

from napari_hemalens.errors import ImageError

INSTALL = "pip install 'napari-hemalens[slides]'"
"""The line that brings all of them."""


def slide_package(name: str, what: str) -> ModuleType:
    """Return a package that reads some kind of slide, imported when it is asked for.

    Parameters
    ----------
    name : str
        Its module.
    what : str
        The kind of file, such as 'DICOM', for the message.

    Raises
    ------
    ImageError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or name).partition(".")[0]
        raise ImageError(f"{what} needs {missing}: {INSTALL}.") from error
