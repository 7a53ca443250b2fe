"""Label images that are given with images, matched to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from napari_hemalens.formats.label_images import match_by_name


@dataclass(frozen=True, slots=True)
class OutlineFiles:
    """Outlines that are given, as label images in files, matched to the images by name, else by order.

    Attributes
    ----------
    labels : sequence of Path, optional
        What is classified; None: the images are segmented. Weights of whole fields take none: each image is one cell.
    cells : sequence of Path or 'paired', optional
        For the micronucleus test, the cells that the nuclei belong to; or pairs of nuclei are taken for cells
        (`segmentation.pairing`), and written as `<stem>.cells.tif` to be corrected and given back.
    micronuclei : sequence of Path, optional
        For the micronucleus test, the micronuclei, as for `count_micronuclei`; None: they are found in fluorescence.
    """

    labels: Sequence[Path] | None = None
    cells: Sequence[Path] | Literal["paired"] | None = None
    micronuclei: Sequence[Path] | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All files."""
        given = (self.labels, self.cells, self.micronuclei)
        return tuple(Path(path) for paths in given if paths is not None and paths != "paired" for path in paths)

    def match(self, files: Sequence[Path]) -> Self:
        """Return the outlines in the order of the images, one file per image.

        Raises
        ------
        AnnotationError
            If some are not there for each image.
        """
        labels, cells, bodies = self.labels, self.cells, self.micronuclei
        if cells is not None and cells != "paired":
            cells = match_by_name(files, cells, "label images of cells", "cells")
        return type(self)(
            None if labels is None else match_by_name(files, labels),
            cells,
            None if bodies is None else match_by_name(files, bodies, "label images of micronuclei", "micronuclei"),
        )

    def only(self, i: int) -> Self:
        """Return those of the image of an index, once they are matched."""
        labels, cells, bodies = self.labels, self.cells, self.micronuclei
        return type(self)(
            None if labels is None else labels[i : i + 1],
            cells if cells is None or cells == "paired" else cells[i : i + 1],
            None if bodies is None else bodies[i : i + 1],
        )


NO_OUTLINES = OutlineFiles()
"""Images are segmented, and nothing is counted in cells."""


def path_texts(files: Sequence[Path] | None) -> list[str] | None:
    """Return paths as texts for a record of a run; None where none are given."""
    return None if files is None else [str(file) for file in files]
