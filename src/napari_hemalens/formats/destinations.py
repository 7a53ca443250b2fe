"""Where results may be written, said before anything is computed for them."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from napari_hemalens.errors import RecipeError


def check_folder(folder: Path) -> None:
    """Refuse a folder that no file can be written to. It need not be there, and nothing is left in it.

    Raises
    ------
    RecipeError
        If it, or the nearest folder around it that is there, cannot be written to.
    """
    place = folder.absolute()
    there = next(each for each in (place, *place.parents) if os.access(each, os.F_OK))  # no error where none may look
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except NotADirectoryError:
        said = f"{'it' if there == place else there} is a file; choose a folder"
        raise RecipeError(f"Cannot write results to {folder}: {said}.") from None
    except OSError as error:
        raise RecipeError(f"Cannot write results to {folder}: {error.strerror}.") from error


def check_new(files: Iterable[Path]) -> None:
    """Refuse to replace files that are there.

    Raises
    ------
    RecipeError
        With the first of them.
    """
    for file in files:
        if file.exists():
            raise RecipeError(f"{file} is there already, and would be replaced; choose another folder.")
