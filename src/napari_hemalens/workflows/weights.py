"""Weights installed beside the packed ones, removed, and written for other programs."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import WeightsError
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.formats.destinations import check_folder
from napari_hemalens.models import catalogue as catalogues
from napari_hemalens.models import weights_folders
from napari_hemalens.models.cards import AnyCard, DetectorCard
from napari_hemalens.models.catalogue import CatalogueEntry, entry_of
from napari_hemalens.models.catalogued_weights import (
    available_steps,
    catalogued_offer_steps,
    find_in_catalogue_steps,
    is_name,
)
from napari_hemalens.models.weights import detector_card, installed, model_card, seal_of, verify
from napari_hemalens.models.weights_sources import WeightsOffer, offer_steps
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.rendering.fields import render_field

__all__ = [
    "PORTABLE",
    "CatalogueEntry",
    "WeightsOffer",
    "add_weights_steps",
    "available_weights_steps",
    "export_weights_steps",
    "look_up_weights_steps",
    "remove_weights",
    "write_catalogue",
]

PORTABLE = {".onnx": "ONNX", ".zip": "a package of the BioImage Model Zoo"}
"""What weights are exported as, by the suffix of the file."""

_EXAMPLE_UM = 0.12  # micrometres a pixel of the field that a classifier is tried on


def available_weights_steps(catalogue: str | None = None) -> Steps[tuple[CatalogueEntry, ...]]:
    """Return the weights of the catalogue that are not here yet.

    Parameters
    ----------
    catalogue : str, optional
        File or address of a list of one's own, which comes before the package's; by default what the environment
        variable `HEMALENS_CATALOGUE` names, if anything.

    Raises
    ------
    WeightsError
        If the list cannot be read.
    """
    return (yield from available_steps(catalogue))


def look_up_weights_steps(
    source: str | Path | CatalogueEntry, *, file: str | None = None, catalogue: str | None = None, replace: bool = False
) -> Steps[WeightsOffer]:
    """Read the model card of weights that could be installed; returns what `add_weights_steps` takes.

    Their licence is in the card, so that it can be agreed to before anything is installed. Of a package in a record,
    the whole has to be downloaded; it is kept in the cache.

    Parameters
    ----------
    source : path, str or CatalogueEntry
        A model card (`.json`) or the `.safetensors` file beside it, a folder that holds both, an exported package
        (`.zip`), the address of a model card on a web server, with the tensors beside it, a DOI of Zenodo, as
        `10.5281/zenodo.NUMBER`, `doi:…` or `https://doi.org/…`, or a name in a catalogue.
    file : str, optional
        Which one of a record with several weights: the name of the card, the tensors or the package.
    catalogue : str, optional
        As in `available_weights_steps`.
    replace : bool
        Whether installed weights of the same name are to be replaced.

    Raises
    ------
    WeightsError
        If there are no such weights, several and no `file`, or their name is taken.
    """
    if isinstance(source, str) and is_name(source):
        source = yield from find_in_catalogue_steps(source, catalogue)
    if isinstance(source, CatalogueEntry):
        weights_folders.check_name(source.name, replace=replace)
        return (yield from catalogued_offer_steps(source))
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


def write_catalogue(
    cards: Iterable[str | Path], file: str | Path, *, where: Sequence[str] = (), since: str = ""
) -> tuple[CatalogueEntry, ...]:
    """Write a catalogue of weights that are here, for others to fetch them by; returns its entries.

    Parameters
    ----------
    cards : iterable of str or path
        Weights by name or file.
    file : path or str
        The catalogue, a `.json`.
    where : sequence of str
        Addresses of folders (with a slash at the end) or DOIs that all of them will be at; by default they lie beside
        the catalogue.
    since : str
        Version of HemaLens from which on they are there.

    Raises
    ------
    WeightsError
        If there are no such weights, or they are damaged.
    """
    entries = []
    for card in (model_card(each) for each in cards):
        verify(card)
        places = [f"{place}{card.name}.json" if place.endswith("/") else place for place in where]
        seal = seal_of(card.file.with_suffix(".json").read_bytes())
        entries.append(entry_of(card, seal, places or [f"{card.name}.json"], since))
    catalogues.write_catalogue(entries, Path(file))
    return tuple(entries)


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
    RecipeError
        If the folder of the file cannot be written to.
    HemaLensError
        If a package is missing that writes them.
    """
    target = Path(file)
    suffix = target.suffix.lower()
    if suffix not in PORTABLE:
        known = ", ".join(f"{suffix} ({what})" for suffix, what in PORTABLE.items())
        raise WeightsError(f"Weights are exported as {known}; got {target.name!r}.")
    if target.is_dir():
        raise WeightsError(f"Weights are exported to a file; {target} is a folder.")
    check_folder(target.parent)
    card = model_card(name)
    with explain_missing_packages("Exporting weights needs", "models"):
        from napari_hemalens.models import bioimage_io, portable  # noqa: PLC0415 -- loads torch

        yield Progress(0, 3, "loading the network")
        network = portable.build_portable(card)
        pixels = _example(card, portable.input_shape(card))
        zipped = suffix == ".zip"
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
