"""What a workflow needs beyond the packages that are always there."""

from collections.abc import Iterator
from contextlib import contextmanager

from napari_hemalens.errors import HemaLensError


@contextmanager
def explain_missing_packages() -> Iterator[None]:
    """Say what to install where the packages for training are not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise HemaLensError(
            f"Training and evaluation need {error.name}: pip install 'napari-hemalens[train]'."
        ) from error
