"""An image of many blocks that costs little: low and wide, with its labels; and what is asked of its cells."""

from pathlib import Path

import numpy as np
import tifffile

from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.workflows.batch import start_batch
from napari_hemalens.workflows.classified_images import ClassifiedImages
from napari_hemalens.workflows.outline_files import OutlineFiles
from napari_hemalens.workflows.results_folder import ResultsFolder, RunIdentity

BLOCKS = 17
_MIDDLES = (100, 330, 560, 790, 1012)  # of the nuclei of a block; the crop of the last reaches into the next
CELLS = BLOCKS * len(_MIDDLES)


def write_wide(folder: Path) -> tuple[Path, Path]:
    """Write an image of 17 blocks and its labels; return their paths."""
    labels = np.zeros((96, 1024 * BLOCKS), dtype=np.uint16)
    y, x = np.ogrid[: labels.shape[0], : labels.shape[1]]
    middles = [1024 * block + middle for block in range(BLOCKS) for middle in _MIDDLES]
    for number, middle in enumerate(middles):
        window, radius = np.s_[:, middle - 20 : middle + 20], 9 + number % 7
        labels[window][(y - 48) ** 2 + (x[window] - middle) ** 2 <= radius**2] = 3 * number + 1
    shades = (2000 + 40 * labels.astype(np.int64)) * (labels > 0)
    image = (np.random.default_rng(0).normal(900, 20, labels.shape) + shades).astype(np.uint16)
    paths = folder / "wide.tif", folder / "wide.labels.tif"
    tifffile.imwrite(paths[0], image, tile=(96, 1024))
    tifffile.imwrite(paths[1], labels)
    return paths


def naming_recipe(card: ClassifierCard) -> ClassificationRecipe:
    """Return how the nuclei are named."""
    known = {"device": "cpu", "runtime": "torch", "pixel_size_um": 0.5, "embeddings": True}
    return ClassificationRecipe.from_options(weights=str(card.file), **known)


def classified(folder: Path, recipe: ClassificationRecipe) -> ClassifiedImages:
    """Write the image, and return what is asked of it, of which nothing is done; results go into the folder `out`."""
    image, labels = write_wide(folder)
    run = RunIdentity("classify", {}, {})
    batch = start_batch([image], ResultsFolder(folder / "out"), run, endings=(), tables=())
    asked = ClassifiedImages(recipe, SegmentationRecipe(), OutlineFiles([labels]), of_fields=False, batch=batch)
    batch.take_over(0, asked.inputs(0))
    return asked
