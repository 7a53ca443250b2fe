"""Formats that need packages which are not always there."""

from collections.abc import Sequence
from importlib.util import find_spec

from napari_hemalens.errors import AnnotationError


def install_hint(what: str, packages: Sequence[str]) -> str:
    """Return a sentence that names the first package that is missing and how it is installed; '' if none is."""
    missing = next((name for name in packages if find_spec(name) is None), None)
    return "" if missing is None else f"{what} needs {missing}: pip install 'napari-hemalens[exchange]'."


def require_packages(what: str, packages: Sequence[str]) -> None:
    """Refuse to go on without packages.

    Raises
    ------
    AnnotationError
        If one is not installed; it says how that is done.
    """
    if hint := install_hint(what, packages):
        raise AnnotationError(hint)
