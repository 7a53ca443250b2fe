"""Records of Zenodo by their DOI: which weights they hold, and where these are.

https://developers.zenodo.org/#records, as of 2025: `files` with `key`, `size`, `checksum` (md5) and `links.self`.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, Field, ValidationError

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cached_download import RemoteFile
from napari_hemalens.models.download import download_steps
from napari_hemalens.progress import Steps

VARIABLE = "HEMALENS_ZENODO"
"""Environment variable that names another address to look records up at, such as that of an institute's own Zenodo."""
RECORDS = "https://zenodo.org/api/records"

_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_OF_ZENODO = re.compile(r"10\.5281/zenodo\.(\d+)", re.IGNORECASE)
_MOST_OF_A_RECORD = 5_000_000  # bytes; a record of a thousand files has one


class _Links(BaseModel):
    itself: str = Field(alias="self")


class _File(BaseModel):
    key: str
    size: int = Field(ge=0)
    checksum: str = Field(pattern=r"^(md5|sha256):[0-9a-f]+$")
    links: _Links


class _Record(BaseModel):
    """What is read of a record; all else that Zenodo says of it is left alone."""

    files: tuple[_File, ...] = ()


def doi_of(source: str) -> str | None:
    """Return the DOI that a text is: `10.…/…`, `doi:10.…`, `https://doi.org/10.…`; None if it is none."""
    found = _DOI.fullmatch(source.strip())
    return found[1] if found else None


def record_steps(doi: str) -> Steps[tuple[RemoteFile, ...]]:
    """Look a record up; returns its files.

    Raises
    ------
    WeightsError
        If the DOI is not of Zenodo, there is no such record or no connection, or it shows no files to everybody.
    """
    number = _OF_ZENODO.fullmatch(doi)
    if number is None:
        raise WeightsError(
            f"{doi} is no DOI of Zenodo, such as 10.5281/zenodo.14933087, which alone can be looked up; give the "
            "address of the model card (.json), or its file."
        )
    url = f"{os.environ.get(VARIABLE, RECORDS).rstrip('/')}/{number[1]}"
    with TemporaryDirectory(prefix="hemalens-") as temporary:
        answer = Path(temporary) / "record.json"
        try:
            yield from download_steps(url, answer, most=_MOST_OF_A_RECORD)
            record = _Record.model_validate_json(answer.read_bytes())
        except WeightsError as error:
            raise WeightsError(
                f"{error} The files are at https://doi.org/{doi}: what another computer fetched is added by its path."
            ) from error
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            raise WeightsError(f"{url} is no record of Zenodo as it is known here: {said}.") from error
    if not record.files:
        raise WeightsError(f"The record {doi} shows no files: its owner may have restricted them.")
    return tuple(RemoteFile(file.key, file.links.itself, file.checksum, file.size) for file in record.files)


def choose_weights(files: Sequence[RemoteFile], doi: str, wanted: str | None = None) -> tuple[RemoteFile, ...]:
    """Return the weights among the files of a record: a model card and its tensors, or a package (`.zip`).

    Packages count only where there are no cards, since theirs may be of the same weights.

    Parameters
    ----------
    files : sequence of RemoteFile
        Of the record.
    doi : str
        Of the record, for errors.
    wanted : str, optional
        Name of one of the files, where there are several weights.

    Raises
    ------
    WeightsError
        If there are no weights, or several and none is named, or another.
    """
    by_name = {file.name: file for file in files}
    cards = {name: (file, by_name[_beside(name)]) for name, file in by_name.items() if _is_card(name, by_name)}
    packages = {name: (file,) for name, file in by_name.items() if name.endswith(".zip")}
    if wanted is not None:
        asked = f"{Path(wanted).stem}.json" if wanted.endswith(".safetensors") else wanted
        chosen = (cards | packages).get(asked)
        if chosen is None:
            there = ", ".join(sorted(cards | packages)) or "none"
            raise WeightsError(f"The record {doi} holds no weights {wanted!r}; those that it holds: {there}.")
        return chosen
    held = cards or packages
    if len(held) == 1:
        return next(iter(held.values()))
    if held:
        raise WeightsError(
            f"The record {doi} holds {len(held)} weights; add --file and one of: {', '.join(sorted(held))}."
        )
    raise WeightsError(
        f"The record {doi} holds no weights of HemaLens (a model card, .json, with its .safetensors file, or a "
        f"package, .zip); it holds: {', '.join(sorted(by_name))}."
    )


def _beside(card: str) -> str:
    return f"{card.removesuffix('.json')}.safetensors"


def _is_card(name: str, there: dict[str, RemoteFile]) -> bool:
    return name.endswith(".json") and _beside(name) in there
