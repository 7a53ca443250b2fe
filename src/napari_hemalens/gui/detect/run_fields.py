"""The images of the run that goes on; a person may remove some of them before they are done. No Qt."""

from collections.abc import Sequence

from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.jobs import Update


class RunFields:
    """Which images a run is about, and which of them it does no longer look at.

    Parameters
    ----------
    fields : sequence of Field
        In their order in the run.

    Attributes
    ----------
    lost : dict of Field to str
        Those of which a person removed a layer, with a sentence on what is kept.
    """

    def __init__(self, fields: Sequence[Field] = ()) -> None:
        self.fields = tuple(fields)
        self.lost: dict[Field, str] = {}
        self._at = 0  # which image is looked at

    def __len__(self) -> int:
        return len(self.fields)

    @property
    def over(self) -> bool:
        """Whether nothing is left to be looked at."""
        return all(f in self.lost for f in self.fields[self._at :])

    def follow(self, update: Update) -> Field | None:
        """Return the image that news of the run are of; None where it is looked at no longer."""
        self._at = update.job
        f = self.fields[update.job]
        return None if f in self.lost else f

    def lose(self, f: Field, *, found: bool) -> bool:
        """Take note that a layer of an image was removed, and return whether the run had not done with it.

        `found` says whether it has cells that are kept.
        """
        if f not in self.fields[self._at :] or f in self.lost:
            return False
        if f.image is not None:
            self.lost[f] = f"The cells of {f.name} were removed; Undo brings them back."
        elif found:
            self.lost[f] = f"The image {f.name} was removed; the cells that were found in it are kept."
        else:
            self.lost[f] = f"The image {f.name} was removed before any of its cells were found: nothing is kept of it."
        return True

    def end_words(self, failed: int) -> str:
        """Return what is said at the end, where so many images could not be looked at."""
        total, done = len(self), len(self) - failed - len(self.lost)
        if total > 1:
            return f"{done:,} of {total:,} images are done."
        return "Stopped." if self.lost else "Nothing was done."
