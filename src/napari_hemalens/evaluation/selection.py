"""Which cells and images of a data set are measured: asked for before torch is loaded."""

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
    split: str = "val"
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


@dataclass(frozen=True, slots=True)
class PointSelection:
    """Which images with points are measured, and on which the score threshold is chosen.

    Attributes
    ----------
    data : Path
        Folder as `formats.points` describes it.
    only : sequence of str
        What is measured: parts of the data, such as val where there is `val.txt`, or names of images without suffix,
        with * as a wildcard; empty: all images. The weights must not have been trained on them.
    tune : sequence of str
        Images, in the same way, on which the score threshold is chosen: the one with the best F1. Empty: that of the
        recipe, else that of the weights.
    """

    data: Path
    only: Sequence[str] = ()
    tune: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FieldSeries:
    """A series of fields.

    Attributes
    ----------
    seed : int
        Seed of every choice: the same fields for the same seed.
    fields : int
        Number of fields.
    shape : (int, int)
        Height and width of a field in pixels; a margin that whole windows do not fill is cut off.
    """

    seed: int = 0
    fields: int = 3
    shape: tuple[int, int] = (1920, 2560)
