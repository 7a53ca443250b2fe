"""The result of a segmentation: labels with their provenance, and measures of each cell."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_hemalens.records.detections import Provenance
from napari_hemalens.slides.region import Region


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Cells of one image, or of a region of it, as labels.

    Attributes
    ----------
    labels : (H, W) int32
        0 is the background; cells have ids 1 to N without gaps. Where only nuclei are visible, as in fluorescence,
        these are the nuclei.
    nuclei : (H, W) int32 or None
        The nucleus of each cell under the same id; None where `labels` are the nuclei.
    region : (int, int, int, int)
        Region of the image: y0, x0, y1, x1 in level-0 pixels; the far edge is excluded.
    provenance : Provenance
        Image, pixel size and options; no weights.
    """

    labels: NDArray[np.int32]
    nuclei: NDArray[np.int32] | None
    region: Region
    provenance: Provenance = field(default_factory=Provenance)

    def __len__(self) -> int:
        return int(self.labels.max(initial=0))


@dataclass(frozen=True, slots=True, eq=False)
class CellMeasures:
    """Sizes and positions of the cells of one image, kept once the labels are in a file.

    Attributes
    ----------
    ids : (N,) int64
        The value of each cell in the labels.
    areas : (N,) int64
        In pixels.
    centres : (N, 2) float64
        Centroids as y, x in level-0 pixels.
    nucleus_areas : (N,) int64 or None
        In pixels; None where the cells are nuclei.
    provenance : Provenance
        Of the segmentation.
    """

    ids: NDArray[np.int64]
    areas: NDArray[np.int64]
    centres: NDArray[np.float64]
    nucleus_areas: NDArray[np.int64] | None
    provenance: Provenance

    @classmethod
    def from_segmentation(cls, segmentation: Segmentation) -> Self:
        """Measure the cells of a segmentation."""
        labels, nuclei = segmentation.labels, segmentation.nuclei
        areas = np.bincount(labels.ravel())
        ids = np.flatnonzero(areas[1:]) + 1
        inside = np.array(ndimage.center_of_mass(labels > 0, labels, ids), dtype=np.float64).reshape(-1, 2)
        return cls(
            ids=ids,
            areas=areas[ids],
            # The centre of a pixel lies half a pixel from its edge, where boxes and regions begin.
            centres=inside + 0.5 + segmentation.region[:2],
            nucleus_areas=None if nuclei is None else np.bincount(nuclei.ravel(), minlength=len(areas))[ids],
            provenance=segmentation.provenance,
        )

    def __len__(self) -> int:
        return len(self.ids)
