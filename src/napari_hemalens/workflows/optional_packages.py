"""What a workflow needs beyond the packages that are always there."""

from collections.abc import Iterator
from contextlib import contextmanager

from napari_hemalens.errors import HemaLensError


@contextmanager
def explain_missing_packages(what: str = "Training and evaluation need", extra: str = "train") -> Iterator[None]:
    """Say what to install where packages of an extra, by default those for training, are not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise HemaLensError(f"{what} {error.name}: pip install 'napari-hemalens[{extra}]'.") from error
