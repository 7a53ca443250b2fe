"""Weights by their name in a catalogue: looked up where it says, and refused if they are others than it says."""

from dataclasses import replace
from pathlib import Path

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.catalogue import CatalogueEntry, catalogue_steps
from napari_hemalens.models.weights import known, seal_of
from napari_hemalens.models.weights_sources import WeightsOffer, offer_steps
from napari_hemalens.models.zenodo import doi_of
from napari_hemalens.progress import Steps


def is_name(source: str) -> bool:
    """Return whether a text is a name of weights: no file that is there, path, address or DOI."""
    path = Path(source)
    plain = path.name == source and path.suffix not in {".json", ".safetensors", ".zip"}
    return plain and not path.exists() and doi_of(source) is None


def find_in_catalogue_steps(name: str, catalogue: str | None) -> Steps[CatalogueEntry]:
    """Return the entry of weights by their name; `catalogue` as in `catalogue_steps`.

    Raises
    ------
    WeightsError
        If there is none.
    """
    entries = yield from catalogue_steps(catalogue)
    found = next((entry for entry in entries if entry.name == name), None)
    if found is None:
        listed = ", ".join(entry.name for entry in entries) or "none"
        raise WeightsError(f"There is no file or folder {name}, nor are weights of that name catalogued: {listed}.")
    return found


def catalogued_offer_steps(entry: CatalogueEntry) -> Steps[WeightsOffer]:
    """Look weights up at the places of their entry, one after the other.

    Raises
    ------
    WeightsError
        If they are at none of these places, or others are.
    """
    said = ""
    for place in entry.where:
        try:
            offer = yield from offer_steps(place)
            _check_same(offer, entry, place)
            return replace(offer, size=offer.size or entry.size, remote=True)
        except WeightsError as error:
            said = str(error).rstrip(".")
    raise WeightsError(f"{entry.name} cannot be had: {said}. {entry.by_hand}")


def available_steps(catalogue: str | None = None) -> Steps[tuple[CatalogueEntry, ...]]:
    """Return the catalogued weights that are neither packed nor installed; `catalogue` as in `catalogue_steps`."""
    entries = yield from catalogue_steps(catalogue)
    there = known()
    return tuple(entry for entry in entries if entry.name not in there)


def _check_same(offer: WeightsOffer, entry: CatalogueEntry, place: str) -> None:
    expected = (entry.name, entry.sha256, entry.card_sha256)
    if (offer.card.name, offer.card.sha256, seal_of(offer.text)) != expected:
        raise WeightsError(f"{place} holds other weights than the catalogue says, or their model card was changed.")
