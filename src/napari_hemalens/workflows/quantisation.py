"""Weights in numbers of 8 bits, for `precision="int8"`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.extras import explain_missing_packages, require_packages
from napari_hemalens.formats import AnnotatedPart, cell_table
from napari_hemalens.models.int8_cards import Int8Card
from napari_hemalens.models.weights import model_card
from napari_hemalens.progress import Steps
from napari_hemalens.slides.open import images_in


def quantise_weights_steps(  # noqa: PLR0913 -- public: options that scripts give by name
    images: Sequence[str | Path],
    recipe: DetectionRecipe,
    *,
    number: int = 64,
    data: str | Path | None = None,
    split: str = "val",
    taxonomy: str | None = None,
    classes: Mapping[str, str] | None = None,
    cells: str | Path | None = None,
) -> Steps[Int8Card]:
    """Make the form of int8 of a detector, which `precision="int8"` then computes by.

    What names its cells stays in 32 bits. Its numbers are fitted to what the network sees on images. It is kept in the
    user's cache folder, and refused where it loses 0.003 of average precision or 0.005 of the cells named right, or
    more. Another version of OpenVINO, or other weights, need it made anew.

    Parameters
    ----------
    images : sequence of path
        Images as they are counted, files, folders or patterns; better not those that it is measured on.
    recipe : DetectionRecipe
        Weights, and the pixel size of all images that do not say it.
    number : int
        How many of the images are used, in equal steps from the first to the last.
    data, split : path, str
        Folder whose part `split` has all cells annotated (COCO, VOC, YOLO, VIA): what average precision is taken on.
    taxonomy : str, optional
        Classes to compare by, such as 'blood-3'; by default those of the detector.
    classes : mapping of str to str, optional
        What to call the classes of the annotations; '' leaves their cells out.
    cells : path, optional
        Folder with `cells.csv`, as `hemalens prepare nucleated` writes it: its part `split` has cells of known class.

    Raises
    ------
    WeightsError
        If the form loses too much.
    HemaLensError
        If OpenVINO or NNCF is not installed, an image cannot be read, or annotations are missing.
    """
    files = images_in(images)
    rows = np.linspace(0, len(files) - 1, min(number, len(files))).round().astype(int)
    require_packages("Making a form of int8", ("openvino", "nncf"), "fast")
    with explain_missing_packages():
        from napari_hemalens.evaluation import quantising  # noqa: PLC0415 -- loads torch
    part = None if data is None else AnnotatedPart(Path(data), split, classes)
    known = None if cells is None else cell_table.read_folder(cells)
    if known is not None:
        known = known.take(known.parts == split)
    yardsticks = quantising.Yardsticks(part, taxonomy, known)
    return (yield from quantising.quantise_steps([files[row] for row in rows], recipe, yardsticks))


def int8_card(name: str | Path) -> Int8Card | None:
    """Return what is said of the form of int8 of weights that was made on this machine; None: there is none."""
    return Int8Card.read(model_card(name).sha256)
