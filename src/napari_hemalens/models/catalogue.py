"""Weights that exist and need not be here: what they are, their licence, size and hashes, and where to get them.

The package's own list, `weights/catalogue.json`, names those that its wheel leaves out; a laboratory may have one, too.
Loads no torch.
"""

import functools
import json
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.parse import urljoin

from pydantic import Field, NonNegativeInt, ValidationError

from napari_hemalens.atomic import writing
from napari_hemalens.config.recipe import Recipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cards import AnyCard
from napari_hemalens.models.download import download_steps
from napari_hemalens.models.licence import Licensed
from napari_hemalens.models.weights_folders import CATALOGUE, PACKED
from napari_hemalens.models.zenodo import doi_of
from napari_hemalens.progress import Steps

VARIABLE = "HEMALENS_CATALOGUE"
"""Environment variable that names a catalogue of one's own, by file or address."""
_VERSION: Literal[1] = 1
_MOST_BYTES = 5_000_000  # of a catalogue


class CatalogueEntry(Recipe, Licensed):
    """One set of weights: what must be known before it is fetched, and what must come."""

    name: str
    description: str = Field(description="One line for a menu")
    task: str = Field(description="'detection', or the task of a classifier")
    licence: str
    size: NonNegativeInt = Field(description="Bytes of the tensors")
    sha256: str = Field(description="Of the tensors")
    card_sha256: str = Field(description="Of all that the model card says, as the card has it")
    where: tuple[str, ...] = Field(
        min_length=1,
        description="DOIs, or addresses of the model card with the tensors beside it, tried one after the other; what "
        "is neither lies beside the catalogue",
    )
    since: str = Field(default="", description="Version of HemaLens from which on they are there")

    @property
    def megabytes(self) -> str:
        """The size, for a person."""
        return f"{self.size / 1e6:.1f} MB"

    @property
    def by_hand(self) -> str:
        """A sentence: how the weights get onto a computer without internet."""
        card, tensors = f"{self.name}.json", f"{self.name}.safetensors"
        pairs = [
            f"{card} and {tensors} from https://doi.org/{doi}"
            if (doi := doi_of(place))
            else f"{place} and {_beside(place, tensors)}"
            for place in self.where
        ]
        return (
            f"On a computer with internet, get {', or '.join(pairs)}; carry both over, and install them by "
            f"`hemalens weights add {card}`."
        )


class Catalogue(Recipe):
    """A list of weights; `version` is that of this format."""

    version: Literal[1]
    weights: tuple[CatalogueEntry, ...]


@functools.cache
def packed_catalogue() -> tuple[CatalogueEntry, ...]:
    """Return the weights of the package's own list."""
    return _read((PACKED / CATALOGUE).read_bytes(), str(PACKED / CATALOGUE))


def catalogue_steps(own: str | None = None) -> Steps[tuple[CatalogueEntry, ...]]:
    """Return all weights of a laboratory's list, then those of the package's own of other names.

    Parameters
    ----------
    own : str, optional
        File or address of the laboratory's; by default what `HEMALENS_CATALOGUE` names, if anything.

    Raises
    ------
    WeightsError
        If it is not there, or does not say what a catalogue must.
    """
    source = own or os.environ.get(VARIABLE, "")
    if "://" not in source:
        return _with_packed(_in_file(source))
    with TemporaryDirectory(prefix="hemalens-") as temporary:
        file = Path(temporary) / CATALOGUE
        yield from download_steps(source, file, most=_MOST_BYTES)
        return _with_packed(_read(file.read_bytes(), source))


def find_entry(name: str) -> CatalogueEntry | None:
    """Return the entry of that name in the lists that lie on this machine; None if there is none."""
    source = os.environ.get(VARIABLE, "")
    entries = _with_packed(() if "://" in source else _in_file(source))
    return next((entry for entry in entries if entry.name == name), None)


def entry_of(card: AnyCard, seal: str, where: Sequence[str], since: str = "") -> CatalogueEntry:
    """Return the entry of weights that are here; `seal` is the hash over their card."""
    return CatalogueEntry(
        name=card.name,
        description=card.description,
        task=card.task,
        licence=card.licence,
        size=card.file.stat().st_size,
        sha256=card.sha256,
        card_sha256=seal,
        where=tuple(where),
        since=since,
    )


def write_catalogue(entries: Sequence[CatalogueEntry], file: Path) -> None:
    """Write a catalogue."""
    whole = Catalogue(version=_VERSION, weights=tuple(entries))
    with writing(file) as temporary:
        text = json.dumps(whole.model_dump(mode="json"), indent=2, ensure_ascii=False)
        temporary.write_text(f"{text}\n", encoding="utf-8")


def _in_file(source: str) -> tuple[CatalogueEntry, ...]:
    if not source:
        return ()
    file = Path(source).expanduser()
    try:
        return _read(file.read_bytes(), str(file.absolute()))
    except OSError as error:
        raise WeightsError(f"The catalogue {file} cannot be read: {error.strerror}.") from error


def _with_packed(own: Sequence[CatalogueEntry]) -> tuple[CatalogueEntry, ...]:
    names = {entry.name for entry in own}
    return (*own, *(entry for entry in packed_catalogue() if entry.name not in names))


def _read(text: bytes, called: str) -> tuple[CatalogueEntry, ...]:
    """Return the weights of a catalogue that lies at `called`, a path or an address; their places are whole."""
    try:
        entries = Catalogue.model_validate_json(text).weights
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ": ".join(filter(None, (".".join(map(str, wrong["loc"])), wrong["msg"])))
        raise WeightsError(f"{called} is no catalogue of version {_VERSION}, which is read here: {where}.") from error
    return tuple(
        entry.model_copy(update={"where": tuple(_whole(place, called) for place in entry.where)}) for entry in entries
    )


def _whole(place: str, catalogue: str) -> str:
    """Return a place that stands in a catalogue, where it lies beside that with the whole address."""
    if "://" in place or doi_of(place):
        return place
    return _beside(catalogue, place)


def _beside(place: str, name: str) -> str:
    """Return the path or address of a file in the folder of another."""
    return urljoin(place, name) if "://" in place else str(Path(place).parent / name)
