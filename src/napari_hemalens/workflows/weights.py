"""Weights installed beside the packed ones, removed, and written for other programs."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import WeightsError
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.models import weights_folders
from napari_hemalens.models.cards import AnyCard, DetectorCard
from napari_hemalens.models.weights import detector_card, installed, model_card
from napari_hemalens.models.weights_sources import WeightsOffer, offer_steps
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.rendering.fields import render_field

PORTABLE = {".onnx": "ONNX", ".zip": "a package of the BioImage Model Zoo"}
"""What weights are exported as, by the suffix of the file."""

_EXAMPLE_UM = 0.12  # micrometres a pixel of the field that a classifier is tried on


def look_up_weights_steps(source: str | Path, *, file: str | None = None, replace: bool = False) -> Steps[WeightsOffer]:
    """Read the model card of weights that could be installed; returns what `add_weights_steps` takes.

    Their licence is in the card, so that it can be agreed to before anything is installed. Of a package in a record,
    the whole has to be downloaded; it is kept in the cache.

    Parameters
    ----------
    source : path or str
        A model card (`.json`) or the `.safetensors` file beside it, a folder that holds both, an exported package
        (`.zip`), the address of a model card on a web server, with the tensors beside it, or a DOI of Zenodo, as
        `10.5281/zenodo.NUMBER`, `doi:…` or `https://doi.org/…`.
    file : str, optional
        Which one of a record with several weights: the name of the card, the tensors or the package.
    replace : bool
        Whether installed weights of the same name are to be replaced.

    Raises
    ------
    WeightsError
        If there are no such weights, several and no `file`, or their name is taken.
    """
    offer = yield from offer_steps(source, file=file)
    weights_folders.check_name(offer.card.name, replace=replace)
    return offer


def add_weights_steps(source: str | Path | WeightsOffer, *, replace: bool = False) -> Steps[AnyCard]:
    """Check weights and install them for this user; returns their model card.

    They are known by their name then, to the docks and to every function and command that takes weights. A file that
    cannot be used is refused before anything is installed.

    Parameters
    ----------
    source : path, str or WeightsOffer
        What `look_up_weights_steps` returns, or takes.
    replace : bool
        Whether installed weights of the same name are replaced. Packed weights never are.

    Raises
    ------
    WeightsError
        If there are no such weights, they are damaged or of an unknown network, or their name is taken.
    """
    from napari_hemalens.models.installation import install_steps  # noqa: PLC0415 -- loads torch

    return (yield from install_steps(source, replace=replace))


def remove_weights(name: str) -> tuple[Path, ...]:
    """Delete installed weights; returns their files.

    Raises
    ------
    WeightsError
        If none are installed by that name, or other installed weights need them.
    """
    for other in installed(DetectorCard):
        card = detector_card(other)
        if name in {card.base, card.naming}:
            raise WeightsError(f"The installed weights {other} need {name}; remove {other} first.")
    return weights_folders.uninstall(name)


def export_weights_steps(name: str | Path, file: str | Path) -> Steps[Path]:
    """Write weights for programs without HemaLens, and check that they answer alike there; returns the file.

    An `.onnx` file holds the network with its preprocessing: a detector takes a tile of 640 x 640 pixels at its pixel
    size, a classifier crops. A `.zip` is a package of the BioImage Model Zoo around it, which `bioimageio.core` has
    validated and run; it holds the weights too, so that `add_weights_steps` takes it.

    Parameters
    ----------
    name : str or path
        Packed or installed weights by name, or a file.
    file : path or str
        Where to, by its suffix: `.onnx` or `.zip`.

    Raises
    ------
    WeightsError
        If there are no such weights, the suffix is another, or the network answers otherwise there.
    HemaLensError
        If a package is missing that writes them.
    """
    target = Path(file)
    if target.suffix not in PORTABLE:
        known = ", ".join(f"{suffix} ({what})" for suffix, what in PORTABLE.items())
        raise WeightsError(f"Weights are exported as {known}; got {target.name!r}.")
    card = model_card(name)
    with explain_missing_packages("Exporting weights needs", "models"):
        from napari_hemalens.models import bioimage_io, portable  # noqa: PLC0415 -- loads torch

        yield Progress(0, 3, "loading the network")
        network = portable.build_portable(card)
        pixels = _example(card, portable.input_shape(card))
        zipped = target.suffix == ".zip"
        onnx = target.with_suffix(".onnx.part") if zipped else target
        target.parent.mkdir(parents=True, exist_ok=True)
        yield Progress(1, 3, "writing ONNX, and comparing it with torch")
        try:
            portable.write_onnx(network, card, pixels, onnx)
            if zipped:
                yield Progress(2, 3, "packing, and testing the package")
                given = {portable.given_name(card): pixels}
                bioimage_io.write_package(card, onnx, given | portable.run_onnx(onnx, pixels), target)
        finally:
            if zipped:
                onnx.unlink(missing_ok=True)
    yield Progress(3, 3, f"written: {target.name}")
    return target


def _example(card: AnyCard, shape: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """Return what a network is tried on (1, C, H, W), in 0-255: a rendered field, its first channel again for masks."""
    _, channels, height, width = shape
    pixel_size = card.pixel_size_um if isinstance(card, DetectorCard) else _EXAMPLE_UM
    image, _ = render_field((height, width), pixel_size_um=pixel_size, seed=0)
    planes = image.transpose(2, 0, 1)[[channel % 3 for channel in range(channels)]]
    return np.ascontiguousarray(planes[None], dtype=np.float32)
