"""Images to measure on: the rendered marrow smear, and larger ones put together from it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

from napari_hemalens.formats import coco

SAMPLE = Path(__file__).parents[1] / "sample_data" / "marrow_smear.tif"
COPIES = {1: (1, 1), 2: (1, 2), 4: (2, 2), 8: (2, 4), 16: (4, 4), 81: (9, 9)}  # area -> rows, columns of fields


@dataclass(frozen=True)
class Smear:
    """An image on disk.

    Attributes
    ----------
    path : Path
        A tiled TIFF, as the sample is.
    height, width : int
        In pixels.
    cells : int
        Cells in it; those cut where two fields meet are counted once.
    """

    path: Path
    height: int
    width: int
    cells: int

    @property
    def megapixels(self) -> float:
        """Area in millions of pixels."""
        return self.height * self.width / 1e6


def smear(path: Path, area: int, *, quick: bool = False) -> Smear:
    """Write an image of `area` fields, or of quarters of fields where it has to be quick."""
    field = tifffile.imread(SAMPLE)
    truth = next(f for f in coco.read(SAMPLE.with_name("truth.json")) if Path(f.provenance.image).name == SAMPLE.name)
    if quick:
        field = field[: field.shape[0] // 2, : field.shape[1] // 2]
    inside = (truth.centres < field.shape[:2]).all(axis=1)
    pixels = np.tile(field, (*COPIES[area], 1))
    tifffile.imwrite(
        path, pixels, photometric="rgb", tile=(256, 256), compression="jpeg", compressionargs={"level": 92}
    )
    return Smear(path, *pixels.shape[:2], cells=area * int(inside.sum()))
