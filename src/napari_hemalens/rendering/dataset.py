"""Rendered fields as a training data set: images, and their truth as COCO."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_hemalens.atomic import writing
from napari_hemalens.errors import RecipeError
from napari_hemalens.formats import coco
from napari_hemalens.formats.destinations import check_folder, check_new
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.differential import Tissue
from napari_hemalens.rendering.fields import render_field


def render_fields_steps(  # noqa: PLR0913 -- public: options that scripts give by name
    out: Path,
    *,
    fields: int = 100,
    shape: tuple[int, int] = (512, 512),
    pixel_size_um: float = 0.12,
    tissue: Tissue = "marrow",
    seed: int = 1000,
) -> Steps[tuple[Path, ...]]:
    """Render a data set: `images/*.jpg` and `train.json`.

    Parameters
    ----------
    out : Path
        The folder; created if missing.
    fields : int
        Number of fields.
    shape : (int, int)
        Height and width of each in pixels.
    pixel_size_um : float
        Micrometres per pixel.
    tissue : {'marrow', 'blood'}
        Tissue of the smear.
    seed : int
        Seed of the first field; the others have consecutive seeds.

    Returns
    -------
    tuple of Path
        The images, then the annotations.

    Raises
    ------
    RecipeError
        If an option is out of its range, or the folder cannot be written to or holds annotations already.
    """
    if fields < 1:
        raise RecipeError(f"{fields} fields to render: at least 1 is needed.")
    check_folder(out)
    check_new([out / "train.json"])
    truths: list[Detections] = []
    for number in range(fields):
        image, truth = render_field(shape, pixel_size_um=pixel_size_um, tissue=tissue, seed=seed + number)
        path = out / "images" / f"{truth.provenance.image}.jpg"
        _save(image, path)
        truths.append(replace(truth, provenance=replace(truth.provenance, image=str(path))))
        yield Progress(number + 1, fields, f"Rendered {path.name}")
    coco.write(truths, out / "train.json")
    return (*(Path(truth.provenance.image) for truth in truths), out / "train.json")


def _save(image: NDArray[np.uint8], path: Path) -> None:
    with writing(path) as temporary:
        Image.fromarray(image).save(temporary, quality=92)
