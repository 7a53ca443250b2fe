"""Packages that only an extra of HemaLens brings, and the one sentence that is said where they are missing."""

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

from napari_hemalens.errors import MissingPackageError


def install_hint(what: str, packages: Sequence[str], extra: str) -> str:
    """Return a sentence that names the first package that is missing, and how it is installed; '' if none is.

    Parameters
    ----------
    what : str
        What needs the packages, such as 'Parquet'.
    packages : sequence of str
        Modules, as they are imported.
    extra : str
        The extra that brings them.
    """
    missing = next((name for name in packages if find_spec(name) is None), None)
    return "" if missing is None else _sentence(f"{what} needs", missing, extra)


def require_packages(what: str, packages: Sequence[str], extra: str) -> None:
    """Refuse to go on without packages; parameters as in `install_hint`.

    Raises
    ------
    MissingPackageError
        If one is not installed; it says how that is done.
    """
    if hint := install_hint(what, packages, extra):
        raise MissingPackageError(hint)


def optional_module(name: str, what: str, extra: str) -> ModuleType:
    """Return a module, which is imported when it is asked for; parameters as in `install_hint`.

    Raises
    ------
    MissingPackageError
        If it, or what it imports, is not installed.
    """
    with explain_missing_packages(f"{what} needs", extra):
        return importlib.import_module(name)


@contextmanager
def explain_missing_packages(needs: str = "Training and evaluation need", extra: str = "train") -> Iterator[None]:
    """Say what to install where packages of an extra, by default those for training, are not there.

    Raises
    ------
    MissingPackageError
        In place of Python's own error.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingPackageError(_sentence(needs, (error.name or "a package").partition(".")[0], extra)) from error


def _sentence(needs: str, package: str, extra: str) -> str:
    return f"{needs} {package}: pip install 'napari-hemalens[{extra}]'."
