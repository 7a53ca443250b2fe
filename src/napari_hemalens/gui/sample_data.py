"""What File > Open Sample offers: rendered images with their truth, packed, and two photographs to download."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pooch
from numpy.typing import NDArray
from skimage.measure import label

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.layers import LayerData, as_layers, image_layer
from napari_hemalens.workflows.annotations import read_annotations, read_named_cells
from napari_hemalens.workflows.images import open_image
from napari_hemalens.workflows.labels import read_labels

_PACKAGE = Path(__file__).parents[1]
_FOLDERS = (_PACKAGE / "sample_data", _PACKAGE.parents[1] / "sample_data")
"""Where the packed samples lie: in an installed wheel, and in a checkout."""

_BCCD = "Shenggan/BCCD_Dataset/d272fb14cdff6e473fafeeeba32aba5f560e9e43/BCCD/JPEGImages"
_MNFINDER = "hatch-lab/mnfinder/b3f44816a896c44de6c37baade094123c89528a9/src/mnfinder/training-data/2022-05-25_RPE1"
_SMEAR = f"{_BCCD}/BloodImage_00007.jpg"
_FIELD = tuple(f"{_MNFINDER}/{name}" for name in ("images/1.tif", "nucleus_masks/1.png", "mn_masks/1.png"))

SHA256 = {
    _SMEAR: "9bbeb1779f6c06d624ad5303749513a2d7567d6a142aa67306964c4122edb309",
    _FIELD[0]: "c4c6004e39bb40633539024d1b08f7287aa3e90735a674904ec6e4ef6dcad4a1",
    _FIELD[1]: "c7692dfaa0d80ce741409cb2fc18ee00c52888c70bd417bc35b00788384ace5b",
    _FIELD[2]: "ca6ec0ab7cf319c2e44716afa2923212ce557be64d8d0c18bcff6614371f9be1",
}
"""The files to download, below the server's address, and what must be in them."""

_RENDERED = {"source": "rendered by napari-hemalens", "licence": "BSD-3-Clause"}
_PLACE = ("scale", "units")
_FAINT = 0.18  # opacity of labels: more would pass for a stain
_BCCD_PIXEL_UM = 0.07  # estimated: its red cells are 102 pixels wide, real ones 7.2 um


def marrow_smear() -> list[LayerData]:
    """Return the rendered marrow smear, and its truth as a hidden layer."""
    return _packed("marrow_smear.tif", "marrow smear (rendered)")


def blood_smear() -> list[LayerData]:
    """Return the rendered blood smear, and its truth as a hidden layer."""
    return _packed("blood_smear.tif", "blood smear (rendered)")


def assay_fluorescence() -> list[LayerData]:
    """Return the micronucleus assay as its DNA glows: nuclei and cells with their class, micronuclei hidden."""
    field, *cells = _assay("fluorescence", "micronucleus assay, fluorescence (rendered)")
    image, attributes, kind = field
    # Specks of dirt outshine all nuclei.
    limits = tuple(np.percentile(image, (1, 99.7)).tolist())
    return [(image, attributes | {"colormap": "gray", "contrast_limits": limits, "gamma": 0.7}, kind), *cells]


def assay_giemsa() -> list[LayerData]:
    """Return the same field of the assay in Giemsa: nuclei and cells with their class, micronuclei hidden."""
    return _assay("giemsa", "micronucleus assay, Giemsa (rendered)")


def lymphoblasts() -> list[LayerData]:
    """Return the rendered smear of a leukaemia, and its cells with their class: blast or normal."""
    folder = _located("lymphoblasts/truth.csv").parent
    image = _image(folder / "images" / "smear.tif", "lymphoblasts (rendered)")
    return [image, _named(folder, "truth", "smear", like=image, name="cells")]


def bccd_smear() -> list[LayerData]:
    """Return a photograph of a blood smear, downloaded once: BCCD, MIT licence."""
    (path,) = _downloaded([_SMEAR])
    attributes = {
        "name": "blood smear (BCCD)",
        "rgb": True,
        "scale": (_BCCD_PIXEL_UM, _BCCD_PIXEL_UM),
        "units": ("um", "um"),
        "metadata": {"source": _SMEAR, "licence": "MIT", "pixel_size": "estimated"},
    }
    return [(iio.imread(path), attributes, "image")]


def micronuclei() -> list[LayerData]:
    """Return a photograph of DNA with its nuclei and micronuclei, downloaded once: mnfinder, MIT."""
    image, nuclei, small = (iio.imread(path) for path in _downloaded(_FIELD))
    about = {"metadata": {"source": _MNFINDER, "licence": "MIT"}}
    return [
        (
            image,
            {"name": "micronuclei (mnfinder)", "rgb": False, "colormap": "gray", **about},
            "image",
        ),
        (as_labels(nuclei), {"name": "nuclei", "opacity": 0.4, **about}, "labels"),
        (as_labels(small), {"name": "micronuclei", "opacity": 0.7, **about}, "labels"),
    ]


def as_labels(mask: NDArray[np.generic]) -> NDArray[np.int32]:
    """Return a mask as instance labels, 0 for the background.

    Parameters
    ----------
    mask : (H, W) or (H, W, 3) or (H, W, 4)
        One number or one colour for each instance, or a single one for all of them: then every
        connected part is an instance. Black is background; alpha does not count.

    Returns
    -------
    (H, W) int32
        The same number or colour becomes the same label in every mask.
    """
    values = mask.astype(np.int32)
    if values.ndim == 3:
        values = values[..., :3] @ np.array([1 << 16, 1 << 8, 1], dtype=np.int32)
    if len(np.unique(values)) <= 2:
        return np.asarray(label(values > 0), dtype=np.int32)
    return values


def _packed(file: str, name: str) -> list[LayerData]:
    path = _located(file)
    image = _image(path, name)
    truth = next(
        field for field in read_annotations(path.parent / "truth.json") if Path(field.provenance.image).name == file
    )
    place = replace(truth.provenance, image=name, pixel_size_um=image[1]["scale"][0], pixel_size_source="image")
    cells, attributes, kind = as_layers(replace(truth, provenance=place))[0]
    return [image, (cells, attributes | {"name": f"{name} truth", "visible": False}, kind)]


def _assay(stain: str, name: str) -> list[LayerData]:
    """Return one stain of the assay; nuclei come first, since they are what the dock offers to classify."""
    folder = _located("micronucleus_assay/truth.csv").parent
    image = _image(folder / "images" / f"{stain}.tif", name)
    nuclei = _named(folder, "truth", stain, like=image, name="nuclei")
    cells = _named(folder, "cells", stain, like=image, name="cells")
    small = read_labels(folder / "micronuclei" / f"{stain}.tif")
    return [image, nuclei, cells, (small, _over(image, name="micronuclei truth", visible=False), "labels")]


def _located(file: str) -> Path:
    """Return where a packed file lies.

    Raises
    ------
    HemaLensError
        If it is nowhere.
    """
    folder = next((f for f in _FOLDERS if (f / file).is_file()), None)
    if folder is None:
        raise HemaLensError(f"The sample {file} is not installed; looked in {' and '.join(map(str, _FOLDERS))}.")
    return folder / file


def _image(path: Path, name: str) -> LayerData:
    with open_image(path) as slide:
        pixels, attributes, kind = image_layer(slide)
        return np.asarray(pixels), attributes | {"name": name, "metadata": _RENDERED}, kind


def _named(folder: Path, table: str, stem: str, *, like: LayerData, name: str) -> LayerData:
    """Return the cells that a table gives a class, faint, as labels with that class in their features."""
    (cells,) = (field for field in read_named_cells(folder, split=table) if field.image.stem == stem)
    truth = {"index": cells.ids, "class": cells.class_names.astype(object)}
    return cells.label_image(), _over(like, name=name, features=truth, opacity=_FAINT), "labels"


def _over(image: LayerData, **attributes: Any) -> dict[str, Any]:
    """Return attributes of a layer that lies on the pixels of an image of ours."""
    return {key: image[1][key] for key in _PLACE} | {"metadata": _RENDERED} | attributes


def _downloaded(files: Sequence[str]) -> tuple[Path, ...]:
    """Return the files in the user's cache, fetched where they are not there yet.

    `HEMALENS_SAMPLES_URL` names another server, `HEMALENS_CACHE` another folder.
    """
    server = os.environ.get("HEMALENS_SAMPLES_URL", "https://raw.githubusercontent.com")
    cache = pooch.create(
        path=pooch.os_cache("napari-hemalens"),
        base_url=f"{server.rstrip('/')}/",
        registry=SHA256,
        env="HEMALENS_CACHE",
    )
    downloader = pooch.HTTPDownloader(timeout=20)
    try:
        return tuple(Path(cache.fetch(file, downloader=downloader)) for file in files)
    except ValueError as error:
        raise HemaLensError(
            f"{server} sent another file than the sample that was asked for; it was not kept."
        ) from error
    except OSError as error:
        raise HemaLensError(
            f"Cannot fetch the sample from {server} to {cache.path}: is this computer online? "
            "The rendered smears of this menu need no download."
        ) from error
