"""What is kept of each explained cell: small pictures, so that thousands fit into memory."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.figures.heatmaps import resize_square
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.explained import Explained

SIDE = 128
"""Pixels a side of what is kept, at most: more is not seen in a dock."""


class Tiles:
    """The cells that one method has explained so far, as their batches come."""

    def __init__(self) -> None:
        self._parts: list[Explained] = []
        self._places: dict[int, tuple[int, int]] = {}  # of a cell: part, row

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, number: int) -> bool:
        return number in self._places

    @property
    def ids(self) -> NDArray[np.int64]:
        """Numbers of the cells, ascending: (N,)."""
        return np.array(sorted(self._places), dtype=np.int64)

    @property
    def notes(self) -> tuple[str, ...]:
        """What speaks against the cells that came last."""
        return self._parts[-1].provenance.notes if self._parts else ()

    def add(self, part: Explained) -> None:
        """Keep the cells of a batch; those known before are forgotten."""
        side = min(SIDE, part.crops.shape[1])
        small = replace(
            part,
            heatmap=None,
            crops=np.stack([resize_square(crop, side) for crop in part.crops]),
            crop_heatmaps=_bytes(np.stack([resize_square(heatmap, side) for heatmap in part.crop_heatmaps])),
        )
        self._places |= {int(number): (len(self._parts), row) for row, number in enumerate(part.cells.ids)}
        self._parts.append(small)

    def nearest(self, y: float, x: float) -> int | None:
        """Return the cell in whose crop a place in pixels lies; of several, that with the nearest centre."""
        best, least = None, np.inf
        for part in self._parts:
            away = np.hypot(*(part.cells.centres - (y, x)).T)
            near, far = part.windows[:, :2] <= (y + 0.5, x + 0.5), part.windows[:, 2:] > (y + 0.5, x + 0.5)
            away[~(near & far).all(axis=1)] = np.inf
            row = int(away.argmin())
            if away[row] < least:
                best, least = int(part.cells.ids[row]), float(away[row])
        return best

    def cells(self, numbers: NDArray[np.int64]) -> Classified:
        """Return some of the cells, which have to be there, without their pictures."""
        places = self._at(numbers)
        cells = [part.cells for part in self._parts]
        names = ("ids", "probabilities", "classes", "centres", "areas")
        return replace(cells[-1], **{name: _rows(cells, name, places) for name in names})

    def take(self, numbers: NDArray[np.int64]) -> Explained:
        """Return some of the cells, which have to be there, as a record without the heatmap of the image."""
        places = self._at(numbers)
        fields = {name: _rows(self._parts, name, places) for name in ("targets", "crops", "crop_heatmaps", "windows")}
        fields["crop_heatmaps"] = fields["crop_heatmaps"].astype(np.float32) / 255
        return replace(self._parts[-1], cells=self.cells(numbers), **fields)

    def _at(self, numbers: NDArray[np.int64]) -> list[tuple[int, int]]:
        return [self._places[int(number)] for number in numbers]


def _rows(parts: Sequence[Any], name: str, places: Sequence[tuple[int, int]]) -> Any:
    """Return rows of a field of records, each by its record and its place in there."""
    return np.stack([getattr(parts[part], name)[row] for part, row in places])


def _bytes(heatmaps: NDArray[np.float32]) -> NDArray[Any]:
    """Return heatmaps in 0-1 as bytes: a step of 1 in 255 is not seen."""
    return (heatmaps * 255).round().astype(np.uint8)
