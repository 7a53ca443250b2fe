"""Look into a slide that is too large for memory: detect in a region, and watch the cells come in.

    python examples/whole_slide.py [SLIDE]

Without an argument a pyramid of 5,120 x 7,680 pixels is made from the sample smear.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import tifffile

import napari_hemalens as hemalens
from napari_hemalens.figures.detections import overlay
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide

SAMPLE = Path(__file__).parents[1] / "sample_data" / "marrow_smear.tif"


def pyramid(path: Path) -> Path:
    """Write a tiled TIFF with three levels, as slide scanners do."""
    field = tifffile.imread(SAMPLE)
    finest = np.concatenate([np.concatenate([field] * 3, axis=1)] * 2 + [np.concatenate([field[:1280]] * 3, axis=1)])
    options = {"photometric": "rgb", "tile": (512, 512), "compression": "jpeg", "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(path) as tiff:
        for level in range(3):
            per_cm = 1e4 / (0.15 * 4**level)
            kind = {"subifds": 2} if level == 0 else {"subfiletype": 1}
            tiff.write(finest[:: 4**level, :: 4**level], resolution=(per_cm, per_cm), **options, **kind)
    return path


def look(slide: Slide) -> None:
    """Say what the slide is, detect in its middle, and draw an overview."""
    height, width = slide.shape
    sizes = ", ".join(f"{level.shape[0]} x {level.shape[1]}" for level in slide.levels)
    print(f"{len(slide.levels)} levels: {sizes}; {slide.pixel_size_um:.3f} um a pixel")

    # Coordinates are y0, x0, y1, x1 in pixels of the finest level. Without a region: all of the slide.
    region = (height // 2 - 600, width // 2 - 600, height // 2 + 600, width // 2 + 600)
    # One tile at a time, to see the cells come in; several are faster on a GPU.
    steps = hemalens.detect_steps(slide, hemalens.DetectionRecipe(batch=1), region=region)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            cells = end.value
            break
        found = "" if step.partial is None else f", {len(step.partial)} boxes so far"
        print(f"{step.message}{found}")
    print(f"{len(cells)} cells, between {cells.boxes.min():.0f} and {cells.boxes.max():.0f}")

    picture = overlay(slide, cells, longest=1000)
    picture.save("overview.png")
    print(f"overview.png: {picture.width} x {picture.height}")


with tempfile.TemporaryDirectory() as temporary:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else pyramid(Path(temporary) / "slide.tif")
    with open_image(file) as opened:
        look(opened)
