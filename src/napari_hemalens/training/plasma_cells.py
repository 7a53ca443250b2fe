"""Plasma cells of marrow, and other nucleated cells beside them, by box: `marrow_fields` (SegPC-2021, AIIMS Delhi).

The set masks plasma cells, touching ones as one component, and says nothing of other cells. Its licence, CC BY-NC-SA
4.0, forbids commercial use: what is trained on it says so in its model card.

Fields with numbers below 1000 are of one camera, the others, with a scale bar of 10 um, of another. The pixel size of
those is read off the bar (60 pixels); that of the former is estimated from red and plasma cells, which look 1.2 to 1.5
times smaller there. Blocks are runs of file numbers, since the set states no patients.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from napari_hemalens.config.options import BY_DETECTOR, DetectionRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.models.weights import detector_card
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.segmentation.shapes import Mask, solidity, split
from napari_hemalens.slides.open import open_image
from napari_hemalens.training.public_cells import PublicCell, write_table

FOLDER = "marrow_fields"
_LICENCE = "CC BY-NC-SA 4.0, non-commercial (SegPC-2021)"
PLASMA_CELL, OTHER = "plasma_cell", "not_plasma_cell"
DELHI = ("Delhi 1", "Delhi 2")
"""The two cameras."""
_UM = {DELHI[0]: 0.21, DELHI[1]: 0.166}
_SECOND_CAMERA = 1000  # file number that it begins with
_BLOCK = {DELHI[0]: 100, DELHI[1]: 50}  # file numbers
_EVERY = 7  # of so many blocks, one is held out to choose recipes by and one to measure on
_DIAMETER_UM = (8.0, 18.0)  # of a disc as large as a plasma cell
_SOLID = 0.9  # area over that of the convex hull: two discs that touch have 0.88
_ROUND = 0.75  # area over that of the box's ellipse
_NECK = 0.75  # of the narrower cell: touching cells with a wider neck are left out
_GAP_UM = 1.0  # between the box of another cell and a mask


def prepare_steps(data: str | Path, out: str | Path) -> Steps[Mapping[str, int]]:
    """Write `cells.csv`, the plasma cells of `marrow_fields` and the other nucleated cells; return how many of each.

    A plasma cell is a part of the mask that has size and shape of one cell; touching ones are cut at a clear neck, or
    left out, as are those that the edge cuts. Other nucleated cells are those that the packed detector finds and whose
    box lies off the mask.

    Parameters
    ----------
    data : path
        Folder with `marrow_fields`, or that folder.
    out : path
        Folder for the table.

    Raises
    ------
    AnnotationError
        If the set is not there, or an image has no mask of its size.
    """
    root = Path(data) / FOLDER if (Path(data) / FOLDER).is_dir() else Path(data)
    images = sorted((root / "images").glob("*.jpg"), key=lambda image: int(image.stem))
    if not images:
        raise AnnotationError(f"{data} does not hold {FOLDER} with its images and masks.")
    recipe = DetectionRecipe(naming=BY_DETECTOR)
    finder = yield from CellFinder.load_steps(detector_card(recipe.weights), recipe, device.choose(recipe.device))
    cells: list[PublicCell] = []
    for done, image in enumerate(images, start=1):
        cells += _cells_of(image, read_mask(image, root / "masks" / f"{image.stem}.png"), finder, recipe)
        yield Progress(done, len(images), f"{len(cells):,} cells")
    return write_table(cells, Path(out), _LICENCE)


def read_mask(image: Path, mask: Path) -> Mask:
    """Return the mask (H, W) of the plasma cells of an image.

    Raises
    ------
    AnnotationError
        If there is none, or it is of another size.
    """
    if not mask.is_file():
        raise AnnotationError(f"{image.name} has no mask {mask}.")
    plasma: Mask = iio.imread(mask) > 127
    if plasma.shape != iio.improps(image).shape[:2]:
        raise AnnotationError(f"{mask} has another size than {image.name}.")
    return plasma


def single_cells(mask: Mask, pixel_size_um: float) -> CellMap:
    """Return the plasma cells of a mask (H, W) that stand alone or are clearly cut from others, none at the edge."""
    parts = label(mask, connectivity=1).astype(np.int32)
    alone = _are_single(CellMap.from_labels(parts), pixel_size_um)
    kept = np.where(np.isin(parts, alone), parts, 0)
    pieces = split(mask & ~np.isin(parts, alone), _NECK)
    cut = np.isin(pieces, _are_single(CellMap.from_labels(pieces), pixel_size_um))
    kept[cut] = pieces[cut] + parts.max()
    found = CellMap.from_labels(kept)
    return found.take(np.flatnonzero(~found.at_border))


def _are_single(cells: CellMap, pixel_size_um: float) -> NDArray[np.int64]:
    """Return the ids of the cells that have size and shape of one cell."""
    least, most = (size / pixel_size_um for size in _DIAMETER_UM)
    y0, x0, y1, x1 = cells.boxes.T
    filled = cells.areas / (np.pi / 4 * (y1 - y0) * (x1 - x0))
    good = (cells.diameters >= least) & (cells.diameters <= most) & (filled >= _ROUND)
    solid = [k for k in np.flatnonzero(good).tolist() if solidity(_cut_out(cells, k)) >= _SOLID]
    return cells.ids[solid]


def _cut_out(cells: CellMap, k: int) -> Mask:
    y0, x0, y1, x1 = cells.boxes[k]
    inside: Mask = cells.labels[y0:y1, x0:x1] == cells.ids[k]
    return inside


def _cells_of(image: Path, mask: Mask, finder: CellFinder, recipe: DetectionRecipe) -> Iterator[PublicCell]:
    laboratory, block, part = origin(int(image.stem))
    size = _UM[laboratory]
    with open_image(image, pixel_size_um=size) as slide:
        place = Provenance(image=slide.name, pixel_size_um=size)
        found = finish(finder.find_steps(slide, recipe, provenance=place))
    plasma, others = single_cells(mask, size).boxes.tolist(), other_cells(found, mask, _GAP_UM / size).tolist()
    for name, boxes in ((PLASMA_CELL, plasma), (OTHER, others)):
        for box in boxes:
            yield PublicCell(image, tuple(box), size, name, laboratory, block, part)


def other_cells(found: Detections, mask: Mask, gap: float) -> NDArray[np.float32]:
    """Return the boxes (N, 4) of nucleated cells that lie off a mask (H, W), by a gap in pixels, and off the edge."""
    height, width = mask.shape
    near = np.zeros((height + 1, width + 1), dtype=np.int64)
    near[1:, 1:] = mask.cumsum(axis=0).cumsum(axis=1)  # pixels of the mask above and left of a corner
    low = np.floor(found.boxes[:, :2] - gap).clip(min=0).astype(int)
    high = np.ceil(found.boxes[:, 2:] + gap).clip(max=(height, width)).astype(int)
    (y0, x0), (y1, x1) = low.T, high.T
    masked = near[y1, x1] - near[y0, x1] - near[y1, x0] + near[y0, x0]
    nucleated = np.array([cell_class(name).nucleated for name in found.names], dtype=bool)[found.classes]
    whole = (found.boxes[:, :2] >= 1).all(axis=1) & (found.boxes[:, 2:] <= (height - 1, width - 1)).all(axis=1)
    off: NDArray[np.float32] = found.boxes[nucleated & whole & (masked == 0)]
    return off


def origin(number: int) -> tuple[str, str, str]:
    """Return laboratory, block and part of the image with a file number."""
    laboratory = DELHI[number >= _SECOND_CAMERA]
    block = number // _BLOCK[laboratory]
    held = {_EVERY // 2: "choose", _EVERY - 1: "val"}
    return laboratory, str(block), held.get(block % _EVERY, "train")
