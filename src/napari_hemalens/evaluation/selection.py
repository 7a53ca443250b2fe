"""Which labelled cells of a data set are measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.named_cells import NamedCells, read


@dataclass(frozen=True, slots=True)
class CellSelection:
    """Which labelled cells are measured.

    Attributes
    ----------
    data : Path
        Folder as `formats.named_cells` describes it.
    split : str
        Part of the data, such as 'val'.
    only : sequence of str
        Names of images without suffix, with * as a wildcard, such as 'early-*'; empty: all images.
    """

    data: Path
    split: str
    only: Sequence[str] = ()

    @property
    def part(self) -> str:
        """Part and names, for the title of a report."""
        return ", ".join([self.split, *self.only])

    def read(self) -> list[NamedCells]:
        """Return the selected images with their cells.

        Raises
        ------
        AnnotationError
            If no image has such a name.
        """
        fields = read(self.data, split=self.split)
        kept = [field for field in fields if not self.only or any(fnmatch(field.image.stem, n) for n in self.only)]
        if not kept:
            raise AnnotationError(f"No image is called {' or '.join(self.only)}; there is {fields[0].image.stem}.")
        return kept
