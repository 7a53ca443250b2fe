"""The cells of one image, looked at block by block: what classifying and explaining them have in common."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.progress import Steps
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.batch import Parts

if TYPE_CHECKING:
    from napari_hemalens.inference.classifier import NetworkClassifier
    from napari_hemalens.inference.crops import CropSource

_CELLS = 64  # worth a call to another machine

Networks: TypeAlias = "tuple[NetworkClassifier, ...]"
"""What looks at cells: one network, or one on each of several runtimes."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenedCells:
    """An image whose cells are known, and what looks at them.

    Attributes
    ----------
    slide : Slide
        The image, its channel chosen.
    source : CropSource
        What the networks see of it, and all of its cells.
    networks : tuple of NetworkClassifier
        Ready to run.
    origin : Provenance
        Where the result comes from.
    """

    slide: Slide
    source: "CropSource"
    networks: Networks
    origin: Provenance

    @property
    def cells(self) -> CellMap:
        """All cells of the image."""
        return self.source.cells


class CellsByBlock(Protocol):
    """What is asked of the cells of each image of a batch; can be sent to a worker."""

    @property
    def asks(self) -> str:
        """All options, as text: what other networks may be needed for."""

    def open(self, i: int) -> Slide:
        """Open the image of an index."""

    def channel_of(self, opened: Slide) -> Slide:
        """Return what is looked at of an image."""

    def cells_of(self, i: int, slide: Slide) -> CellMap:
        """Return the cells of an image: those given, else those found."""

    def load_steps(self) -> Steps[Networks]:
        """Return what looks at the cells."""

    def origin_steps(self, slide: Slide, cells: CellMap, networks: Networks) -> Steps[Provenance]:
        """Return where a result comes from."""

    def look(self, opened: OpenedCells, rows: NDArray[np.int64]) -> Parts:
        """Look at some cells, whole blocks of `opened.source`: so they are seen as in one process."""

    def gather(self, i: int, opened: OpenedCells, found: Iterable[Parts]) -> Parts:
        """Put together what was found in all blocks; return and write what looking at the whole image does."""


def gathered(blocks: list[NDArray[np.int64]]) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of whole blocks, joined until they are of 64 cells or more: worth sending to another machine."""
    some: list[NDArray[np.int64]] = []
    for block in blocks:
        some.append(block)
        if sum(map(len, some)) >= _CELLS:
            yield np.concatenate(some)
            some = []
    if some:
        yield np.concatenate(some)
