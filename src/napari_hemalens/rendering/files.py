"""Files of rendered images, with pixel size, and small, since they are part of the wheel."""

from pathlib import Path
from typing import Any

import tifffile
from numpy.typing import NDArray

from napari_hemalens.atomic import writing

_JPEG: dict[str, Any] = {
    "photometric": "rgb",
    "compression": "jpeg",
    "compressionargs": {"level": 92},
    "subsampling": (1, 1),
}
_EXACT: dict[str, Any] = {"photometric": "minisblack", "compression": "zlib", "predictor": 2}


def save(image: NDArray[Any], path: Path, pixel_size_um: float) -> None:
    """Write a TIFF: colour images (H, W, 3) with JPEG compression, grey images and labels (H, W) lossless."""
    per_cm = 1e4 / pixel_size_um
    with writing(path) as temporary:
        tifffile.imwrite(
            temporary,
            image,
            **(_JPEG if image.ndim == 3 else _EXACT),
            tile=(256, 256),
            resolution=(per_cm, per_cm),
            resolutionunit="CENTIMETER",
            metadata=None,
        )
