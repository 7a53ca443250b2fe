"""The images of folders that could not be looked at. No Qt."""

from collections.abc import Sequence

from psygnal import Signal

from napari_hemalens.gui.detect.field import Field


class Failures:
    """Why images failed, until they are looked at.

    Attributes
    ----------
    reasons : dict of str to str
        A sentence for each image, by its path or name.
    of_run : int
        How many images of the run that goes on, or was the last, failed.
    """

    changed = Signal(object)  # the reasons

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}
        self.of_run = 0

    def begin(self, fields: Sequence[Field]) -> None:
        """Forget what is known of images that are looked at now."""
        self.of_run = 0
        self._keep({title: why for title, why in self.reasons.items() if title not in map(_title, fields)})

    def add(self, f: Field, why: str, *, listed: bool = True) -> None:
        """Take note of an image that failed; one that was alone in its run is only counted."""
        self.of_run += 1
        if listed:
            self._keep({**self.reasons, _title(f): why})

    def clear(self) -> None:
        """Forget all."""
        self._keep({})

    def _keep(self, reasons: dict[str, str]) -> None:
        self.reasons = reasons
        self.changed.emit(reasons)


def _title(f: Field) -> str:
    return f.name if f.path is None else str(f.path)
